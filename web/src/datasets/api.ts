/** Datasets and their records over the platform dialect (docs/chatbotkit.md). */
import type { Api } from "../account/api";

export type Dataset = { id: string; name?: string; description?: string; createdAt: number };
export type DatasetRecord = { id: string; text: string; source?: string };
export type Found = DatasetRecord & { score: number };
export type Page<Item> = { items: Item[]; cursor?: string };
export type NewRecord = { text: string; source: string; meta?: Record<string, unknown> };

const RECORDS_SHOWN = 20;
const DATASETS_SHOWN = 100;

export class Datasets {
  constructor(private readonly api: Api) {}

  list(cursor = ""): Promise<Page<Dataset>> {
    return this.api.call("GET", `/dataset/list?${new URLSearchParams({ take: String(DATASETS_SHOWN), cursor })}`);
  }

  async create(name: string, description: string): Promise<string> {
    return (await this.api.call<{ id: string }>("POST", "/dataset/create", { name, description })).id;
  }

  async delete(id: string): Promise<void> {
    await this.api.call("POST", `${at(id)}/delete`, {});
  }

  records(id: string, cursor: string): Promise<Page<DatasetRecord>> {
    return this.api.call("GET", `${at(id)}/record/list?${new URLSearchParams({ take: String(RECORDS_SHOWN), cursor })}`);
  }

  async addRecord(id: string, record: NewRecord): Promise<void> {
    await this.api.call("POST", `${at(id)}/record/create`, record);
  }

  async deleteRecord(id: string, record: string): Promise<void> {
    await this.api.call("POST", `${at(id)}/record/${encodeURIComponent(record)}/delete`, {});
  }

  async search(id: string, text: string): Promise<Found[]> {
    return (await this.api.call<{ records: Found[] }>("POST", `${at(id)}/search`, { search: text })).records;
  }
}

function at(id: string): string {
  return `/dataset/${encodeURIComponent(id)}`;
}

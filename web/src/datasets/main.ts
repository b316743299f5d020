import { setUpTheme } from "../style/bar";
import { DatasetsPage } from "./page";
import { RecordsCard } from "./records-card";
import { SearchCard } from "./search-card";
import { UploadCard } from "./upload-card";

setUpTheme();
customElements.define("parlance-search", SearchCard);
customElements.define("parlance-upload", UploadCard);
customElements.define("parlance-records", RecordsCard);
customElements.define("parlance-datasets", DatasetsPage);

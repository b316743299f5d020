// A conversation held by the AI SDK's own chat and its default transport, as `useChat` holds it: nothing of it is ours
// but the address, the key and the messages. Prints what it ended with as JSON.
import { AbstractChat, DefaultChatTransport } from "ai";

class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => { this.messages = this.messages.concat(message); };
  popMessage = () => { this.messages = this.messages.slice(0, -1); };
  replaceMessage = (index, message) => { this.messages = this.messages.with(index, message); };
  snapshot = (value) => structuredClone(value);
}

class Chat extends AbstractChat {
  constructor(options) { super({ ...options, state: new State() }); }
}

const [base, key, session, ...questions] = process.argv.slice(2);
const transport = new DefaultChatTransport({ api: `${base}/v1/chat/stream`, headers: { "x-api-key": key } });
const errors = [];
const chat = new Chat({ id: session, transport, onError: (error) => errors.push(String(error)) });

let streamedBeforeTheEnd = false;
chat.state.replaceMessage = ((replace) => (index, message) => {
  const text = message.parts.filter((part) => part.type === "text").map((part) => part.text).join("");
  if (message.role === "assistant" && text && chat.status === "streaming") streamedBeforeTheEnd = true;
  replace(index, message);
})(chat.state.replaceMessage);

let resumed = null;
for (const question of questions) {
  if (question === "--regenerate") await chat.regenerate();
  else if (question === "--resume") {
    const other = new Chat({ id: session, transport, onError: (error) => errors.push(String(error)) });
    await other.resumeStream();
    resumed = other.messages;
  } else if (question.startsWith("--leave:")) {
    const sending = chat.sendMessage({ text: question.slice("--leave:".length) });
    while (!chat.messages.at(-1)?.parts.some((part) => part.text) || chat.messages.at(-1).role !== "assistant") {
      await new Promise((go) => setTimeout(go, 20));
    }
    await chat.stop();
    await sending;
  } else await chat.sendMessage({ text: question });
}
console.log(JSON.stringify({ messages: chat.messages, status: chat.status, errors, streamedBeforeTheEnd, resumed }));

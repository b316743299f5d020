/** What the chat says itself, in the languages it knows. */

export type Strings = {
  title: string;
  placeholder: string;
  send: string;
  stop: string;
  open: string;
  close: string;
  restart: string;
  you: string;
  assistant: string;
  conversation: string;
  thinking: string;
  reconnecting: string;
  stopped: string;
  failed: string;
  retry: string;
  sources: string;
  latest: string;
};

const ENGLISH: Strings = {
  title: "Chat",
  placeholder: "Write a message",
  send: "Send",
  stop: "Stop the answer",
  open: "Open the chat",
  close: "Close the chat",
  restart: "Start a new conversation",
  you: "You",
  assistant: "Assistant",
  conversation: "Conversation",
  thinking: "The assistant is answering",
  reconnecting: "The connection is lost. Trying again …",
  stopped: "Stopped",
  failed: "The answer did not arrive.",
  retry: "Try again",
  sources: "Sources",
  latest: "To the latest message",
};

const GERMAN: Strings = {
  title: "Chat",
  placeholder: "Nachricht schreiben",
  send: "Senden",
  stop: "Antwort anhalten",
  open: "Chat öffnen",
  close: "Chat schließen",
  restart: "Neue Unterhaltung beginnen",
  you: "Sie",
  assistant: "Assistent",
  conversation: "Unterhaltung",
  thinking: "Der Assistent antwortet",
  reconnecting: "Die Verbindung ist unterbrochen. Neuer Versuch …",
  stopped: "Angehalten",
  failed: "Die Antwort ist nicht angekommen.",
  retry: "Noch einmal versuchen",
  sources: "Quellen",
  latest: "Zur neuesten Nachricht",
};

const FRENCH: Strings = {
  title: "Discussion",
  placeholder: "Écrire un message",
  send: "Envoyer",
  stop: "Arrêter la réponse",
  open: "Ouvrir la discussion",
  close: "Fermer la discussion",
  restart: "Commencer une nouvelle conversation",
  you: "Vous",
  assistant: "Assistant",
  conversation: "Conversation",
  thinking: "L’assistant répond",
  reconnecting: "La connexion est interrompue. Nouvel essai …",
  stopped: "Arrêté",
  failed: "La réponse n’est pas arrivée.",
  retry: "Réessayer",
  sources: "Sources",
  latest: "Au dernier message",
};

const ARABIC: Strings = {
  title: "محادثة",
  placeholder: "اكتب رسالة",
  send: "إرسال",
  stop: "إيقاف الإجابة",
  open: "فتح المحادثة",
  close: "إغلاق المحادثة",
  restart: "بدء محادثة جديدة",
  you: "أنت",
  assistant: "المساعد",
  conversation: "المحادثة",
  thinking: "المساعد يجيب الآن",
  reconnecting: "انقطع الاتصال. تجري المحاولة من جديد …",
  stopped: "تم الإيقاف",
  failed: "لم تصل الإجابة.",
  retry: "حاول مرة أخرى",
  sources: "المصادر",
  latest: "إلى أحدث رسالة",
};

const KNOWN: Record<string, Strings> = { en: ENGLISH, de: GERMAN, fr: FRENCH, ar: ARABIC };

/** The strings for a language tag such as `de-AT`; English for one that we do not speak. */
export function stringsFor(language: string | null | undefined): Strings {
  return KNOWN[(language ?? "").toLowerCase().split("-")[0]!] ?? ENGLISH;
}

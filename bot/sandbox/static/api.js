// Calls to the sandbox's control interface, with two kinds of failure the page can word differently.

/** The sandbox answered and said no; `message` is its own sentence. */
export class Refused extends Error {}

/** No answer at all, or none that could be understood: it may or may not have acted. */
export class Unreachable extends Error {}

// A callback may take 5 s and the sandbox answers only then; beyond this nothing sensible is coming.
const PATIENCE_MS = 15000;

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/_sandbox${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
      cache: "no-store",
    });
  } catch (error) {
    throw new Unreachable("演练平台没有回应，请看看它是否还在运行", { cause: error });
  }
  return read(response);
}

async function read(response) {
  let answer;
  try {
    answer = await response.json();
  } catch (error) {
    throw new Unreachable(`演练平台的回答看不懂（HTTP ${response.status}）`, { cause: error });
  }
  if (!response.ok) throw new Refused(answer?.error ?? `演练平台拒绝了（HTTP ${response.status}）`);
  return answer;
}

const ROOMS = { member: "corp/members", contact: "corp/contacts", chat: "corp/chats", robot: "corp/robots" };
/** Where somebody (or something) with a chat is asked for; people of the Official Account have no `kind`. */
const place = ({ kind, openid }) => `/${ROOMS[kind] ?? "people"}/${encodeURIComponent(openid)}`;

export const fetchState = () => call("GET", "/state");
export const fetchCompany = () => call("GET", "/corp/state");
export const fetchMessages = (person, after) => call("GET", `${place(person)}/messages?after=${after}`);
export const fetchTasks = (member) => call("GET", `${place(member)}/tasks?all=1`);
export const createContact = (name) => call("POST", "/corp/contacts", { name });
export const addAll = () => call("POST", "/corp/add_all", {});
export const createChat = (name, owner) => call("POST", "/corp/chats", { name, owner });
export const createPerson = (name, habit) => call("POST", "/people", habit ? { name, habit } : { name });
export const setClock = (change) => call("POST", "/clock", change);
/** One thing somebody does: say, choose, follow, unfollow, scan, menu, image, voice, location, event, read; of the
 * company also tap, confirm, part, ignore, add, leave, remove, join, quit, dismiss. */
export const act = (person, action, body = {}) => call("POST", `${place(person)}/${action}`, body);

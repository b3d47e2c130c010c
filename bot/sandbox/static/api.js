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

const person = (openid) => `/people/${encodeURIComponent(openid)}`;

export const fetchState = () => call("GET", "/state");
export const fetchMessages = (openid, after) => call("GET", `${person(openid)}/messages?after=${after}`);
export const createPerson = (name, habit) => call("POST", "/people", habit ? { name, habit } : { name });
export const setClock = (change) => call("POST", "/clock", change);
/** One thing a person does: say, choose, follow, unfollow, scan, menu, image, voice, location, event, read. */
export const act = (openid, action, body = {}) => call("POST", `${person(openid)}/${action}`, body);

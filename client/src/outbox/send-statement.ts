/** Makes one attempt to send a statement to the gateway, and reads what the gateway holds of its subject. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ApiProblem, problemOf, Unreachable, type ApiClient } from '../net/api-client.ts';
import { KINDS, subjectOf, type Answer, type Statement } from './statements.ts';

export interface SendTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  /** The id of the author. The statement is sent only in the author's own session. */
  readonly account: string;
}
/** `waits`: the link is at fault, not the statement. */
type Outcome =
  | { readonly kind: 'sent'; readonly answer: Answer }
  | { readonly kind: 'waits' | 'refused'; readonly error: unknown };

/** A slow link answers within this time. A request that hangs would hold up all later statements. */
const ANSWER_WITHIN_MS = 60_000;
/** For marks the gateway fetches every marked image from the PACS first. */
const MARKS_WITHIN_MS = 10 * 60_000;

export async function trySend(tools: SendTools, said: Statement): Promise<Outcome> {
  const signal = AbortSignal.timeout(said.step === 'annotate' ? MARKS_WITHIN_MS : ANSWER_WITHIN_MS);
  try {
    return { kind: 'sent', answer: await sendOnce(tools, said, signal) };
  } catch (error) {
    if (!(error instanceof ApiProblem))
      return { kind: 'waits', error: signal.aborted ? new Unreachable(error) : error };
    const held = error.anyCode === 'result-changed' ? await heldBefore(tools, said) : null;
    if (held) return { kind: 'sent', answer: held };
    return { kind: error.status >= 500 || [401, 429].includes(error.status) ? 'waits' : 'refused', error };
  }
}

async function sendOnce({ api, account }: SendTools, said: Statement, signal: AbortSignal): Promise<Answer> {
  const { method, to, answer } = KINDS[said.step];
  const isVerdict = said.step === 'verdict';
  const response = await api.send(`${subjectOf(said)}${to}`, {
    method,
    // Another person may have signed in meanwhile, in another tab.
    as: account,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      // If another person was faster, the result has a newer revision by now.
      ...(isVerdict && { 'if-match': `"${said.revision}"` }),
    },
    body: JSON.stringify(said.request),
    // Lets the browser finish the request even when the window is closed. Marks may be too long for that.
    keepalive: isVerdict,
    signal,
  });
  if (!response.ok) throw await problemOf(response);
  return answer.parse(await response.json());
}

/** The subject as the gateway holds it now; null: it cannot be read. */
export async function readLatest({ api }: SendTools, said: Statement): Promise<Answer | null> {
  const { from, answer } = KINDS[said.step];
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const asked = api.json(`${subjectOf(said)}${from}`, answer, { signal });
  return (await ignoreFailure(asked, 'the page shows what it has')) ?? null;
}

/** Recognises a verdict that had arrived although its answer was lost: the result holds it as the next revision. */
async function heldBefore(tools: SendTools, said: Statement): Promise<Answer | null> {
  if (said.step !== 'verdict') return null;
  const { revision, request } = said;
  const latest = await readLatest(tools, said);
  const held = latest?.result?.verification;
  const isMine =
    held?.by === tools.account &&
    held.verdict === request.verdict &&
    held.finding === (request.finding ?? null) &&
    (held.reason ?? null) === (request.reason ?? null);
  return isMine && latest?.result?.revision === revision + 1 ? latest : null;
}

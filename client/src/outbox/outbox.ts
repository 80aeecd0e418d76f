/**
 * Brings a person's statements to the gateway. Each statement is stored on the device, encrypted, before its first byte
 * is sent, and forgotten once the gateway has it: a cut link or a closed page loses none. Statements are sent in the
 * order in which they were made. One that could not be sent is sent when the link is back. One that the gateway refuses
 * waits for its author, and later statements about the same subject wait behind it. All tabs follow what the device
 * stores, and only one tab at a time sends statements about a subject.
 */
import { batch, signal, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Trouble } from '../kit/trouble.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { ReadUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import type { StatementRows } from './kept-statements.ts';
import { readLatest, trySend, type SendTools } from './send-statement.ts';
import { idOf, KINDS, keyOf, subjectOf, type Answer, type Saying, type Statement } from './statements.ts';

/** A statement that the gateway does not have, as far as this window knows. */
export interface Unsent<S extends Statement = Statement> {
  readonly said: S;
  /** Why the last attempt failed; null: none was made. Of attempts by other tabs, only refusals are known. */
  readonly trouble: Trouble | null;
  /** The link is at fault, not the statement, so it is sent again without its author. */
  readonly isRetried: boolean;
  /** Being sent because its author asked for it; false during automatic retries. */
  readonly isSending: boolean;
  /** Made in this window and not tried yet, so that only this window knows its content. */
  readonly isFresh: boolean;
  /** Stored on the device; otherwise only this window has it. */
  readonly isKept: boolean;
}

/** The gateway's answer to a statement. Without a result or review in it, the gateway refused the statement. */
export type Answered = Answer & { readonly said: Statement };

export type Outbox = ReturnType<typeof createOutbox>;

interface OutboxTools extends SendTools {
  readonly rows: StatementRows;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Whether this person is still signed in. */
  readonly isHere: () => boolean;
}

/** The link is usually back within this time of the browser saying so. A longer delay would be noticed. */
const RETRY_MS = 10_000;

const openState = () => ({
  statements: signal<readonly Unsent[]>([]),
  answered: signal<Answered | null>(null),
  /**
   * Keys of statements sent, discarded or replaced here. If the row of such a statement cannot be deleted, it is still
   * not sent again.
   */
  done: new Set<string>(),
  /** Writes run one after the other, so that an older statement never overwrites a newer one. */
  writes: Promise.resolve() as Promise<unknown>,
  isWaiting: false,
});
type State = ReturnType<typeof openState>;
type IsMeant = (unsent: Unsent) => boolean;

/** Creates the outbox, reads what was stored before, and sends it. */
export function createOutbox(tools: OutboxTools) {
  const state = openState();
  const send = (isMeant: IsMeant) => sendAll(state, tools, isMeant);
  const sendOf = (subject: string): Promise<void> => {
    change(state, ({ said }) => subjectOf(said) === subject, { isSending: true });
    return send(({ said }) => subjectOf(said) === subject);
  };
  const first = readKept(state, tools, needsNobody);
  void first.then(send);
  tools.rows.watch(
    () => void readKept(state, tools, (one) => KINDS[one.said.step].isShared && needsNobody(one)).then(send),
  );
  return {
    /** In the order in which they were made. */
    statements: state.statements as ReadonlySignal<readonly Unsent[]>,
    /** The gateway's last answer, also to a statement that another tab sent or discarded. */
    answered: state.answered as ReadonlySignal<Answered | null>,
    /** Resolves once `statements` contains what an earlier window stored. */
    ready: first.then(() => undefined),
    /**
     * Stores a statement to be sent later. It replaces a statement of the same id and those in `instead`, whose place
     * in the order it takes.
     */
    keep: (saying: Saying, instead: readonly Unsent[] = []) => keep(state, tools, saying, instead),
    /** Stores a statement, then sends every statement about its subject. */
    async give(saying: Saying): Promise<void> {
      await Promise.all([keep(state, tools, saying, []), sendOf(subjectOf(saying))]);
    },
    /** Sends every statement about this subject, including refused ones. */
    send: sendOf,
    /**
     * Forgets these statements. One that is being sent is forgotten once that attempt has failed. A newer statement
     * from another tab stays.
     */
    discard: (unsent: readonly Unsent[]) => discard(state, tools, unsent),
    /** Sends every statement that does not wait for a person. */
    async retry(): Promise<void> {
      await readKept(state, tools, () => false);
      await send(needsNobody);
    },
    /** Tries to send all verdicts. Resolves to whether none is left. */
    async settle(): Promise<boolean> {
      await send(({ said, trouble }) => said.step === 'verdict' && !isOvertaken(trouble));
      return !state.statements.peek().some(({ said }) => said.step === 'verdict');
    },
  };
}

/** Another person verified the result meanwhile. Their verdict holds until this author decides. */
export const isOvertaken = (trouble: Trouble | null): boolean => trouble?.code === 'result-changed';

/** A signed review says otherwise, so the verdict can only be discarded. */
export const isOverruled = (trouble: Trouble | null): boolean => trouble?.code === 'review-stands';

const needsNobody: IsMeant = ({ trouble, isRetried }) => trouble === null || isRetried;

const isSame = (one: Statement, other: Statement): boolean => keyOf(one) === keyOf(other);

const find = ({ statements }: State, said: Statement): Unsent | undefined =>
  statements.peek().find((one) => isSame(one.said, said));

function change({ statements }: State, isMeant: IsMeant, changed: Partial<Unsent>): void {
  statements.value = statements.peek().map((one) => (isMeant(one) ? { ...one, ...changed } : one));
}

const changeOne = (state: State, said: Statement, changed: Partial<Unsent>): void =>
  change(state, (one) => isSame(one.said, said), changed);

function drop({ statements, done }: State, said: Statement): void {
  done.add(keyOf(said));
  statements.value = statements.peek().filter((one) => !isSame(one.said, said));
}

const isReplaced = (one: Statement, said: Statement): boolean =>
  one.step === said.step && idOf(one) === idOf(said);

/** Inserts a statement in its place in the order, and removes the one that it replaces. */
function put(state: State, unsent: Pick<Unsent, 'said'> & Partial<Unsent>): void {
  const one = { trouble: null, isRetried: false, isSending: false, isFresh: false, isKept: false, ...unsent };
  const others = state.statements.peek().filter(({ said }) => !isReplaced(said, one.said));
  state.statements.value = [...others, one].toSorted((a, b) => a.said.at - b.said.at);
}

/** A time after all waiting statements, even if the device's clock was set back. */
const momentAfter = (now: number, unsent: readonly Unsent[]): number =>
  Math.max(now, ...unsent.map(({ said }) => said.at + 1));

function keep(
  state: State,
  { rows, now }: OutboxTools,
  saying: Saying,
  instead: readonly Unsent[],
): Promise<void> {
  const all = state.statements.peek();
  const said = { ...saying, at: instead[0]?.said.at ?? momentAfter(now(), all) } as Statement;
  const replaced = all.filter(
    (one) => instead.some((other) => isSame(other.said, one.said)) || isReplaced(one.said, said),
  );
  batch(() => {
    for (const one of replaced) drop(state, one.said);
    put(state, { said, isFresh: true });
  });
  const write = async () => {
    await rows.keep(
      said,
      instead.map((one) => one.said),
    );
    changeOne(state, said, { isKept: true });
  };
  // Where the device stores nothing (a private window), the statement can only be sent.
  state.writes = state.writes.then(() => ignoreFailure(write(), 'it is sent all the same'));
  return state.writes.then(() => undefined);
}

/**
 * Reads what an earlier window or another tab has stored, and finds out what became of statements that are no longer
 * stored. Returns which of the new statements are to be sent.
 */
async function readKept(state: State, tools: OutboxTools, isMeant: IsMeant): Promise<IsMeant> {
  const kept = await ignoreFailure(tools.rows.kept(), 'without a database there is nothing kept');
  if (!kept || !tools.isHere()) return () => false;
  const news = kept.filter((said) => !find(state, said) && !state.done.has(keyOf(said)));
  const refused = kept.filter(
    (said) => said.refused && find(state, said)?.said.refused?.title !== said.refused.title,
  );
  batch(() => {
    // What this tab sends is marked at once, so that nobody answers a result again while its verdict waits.
    for (const said of news) {
      put(state, { said, isKept: true });
      changeOne(state, said, { isSending: isMeant(find(state, said)!) });
    }
    for (const said of refused) refuse(state, said, said.refused!);
  });
  const gone = state.statements
    .peek()
    .filter((one) => one.isKept && !kept.some((said) => isReplaced(said, one.said)));
  for (const { said } of gone)
    void tools.rows.alone(subjectOf(said), async () => void (await rowOf(state, tools, said)));
  return (one) => isMeant(one) && news.some((said) => isSame(said, one.said));
}

/** The stored row as it is now; null: only this window has the statement; undefined: there is nothing to send. */
async function rowOf(
  state: State,
  tools: OutboxTools,
  said: Statement,
): Promise<ReadUnsent | null | undefined> {
  await state.writes;
  const one = find(state, said);
  if (!one?.isKept) return one && null;
  const row = await ignoreFailure(tools.rows.read(said), 'this window has it too');
  if (row !== null) return row ?? null;
  // Another tab has sent, replaced or discarded it. A step of a review still counts until the gateway says which.
  if (KINDS[said.step].isShared) drop(state, said);
  const latest = await readLatest(tools, said);
  if (latest) take(state, said, latest);
  return undefined;
}

function take(state: State, said: Statement, answer: Answer): void {
  batch(() => {
    drop(state, said);
    state.answered.value = { ...answer, said };
  });
}

/** The gateway refused the statement, here or in another tab. It waits for its author. */
function refuse(state: State, said: Statement, refused: Trouble): void {
  const now = { ...said, refused };
  batch(() => {
    changeOne(state, said, { said: now, trouble: refused, isRetried: false, isSending: false });
    if (find(state, said)) state.answered.value = { said: now };
  });
}

async function discard(state: State, { rows }: OutboxTools, unsent: readonly Unsent[]): Promise<void> {
  for (const { said } of unsent)
    await rows.alone(subjectOf(said), async () => {
      await state.writes;
      if (!find(state, said)) return;
      drop(state, said);
      const forgotten = rows.read(said).then((row) => row?.forget());
      await ignoreFailure(forgotten, 'without a database nothing is kept');
    });
}

/** Sends statements in order. Behind a statement that was not taken, nothing about the same subject is sent. */
async function sendAll(state: State, tools: OutboxTools, isMeant: IsMeant): Promise<void> {
  const stopped = new Set<string>();
  for (const { said } of state.statements.peek().filter(isMeant)) {
    const subject = subjectOf(said);
    const send = async (): Promise<void> => {
      // An attempt that was under way may have told more of it meanwhile.
      const one = find(state, said);
      if (one && isMeant(one)) await sendOne(state, tools, said);
    };
    if (!stopped.has(subject)) await tools.rows.alone(subject, send);
    changeOne(state, said, { isSending: false });
    if (find(state, said)) stopped.add(subject);
  }
}

async function sendOne(state: State, tools: OutboxTools, said: Statement): Promise<void> {
  const row = await rowOf(state, tools, said);
  const first = state.statements.peek().find((one) => subjectOf(one.said) === subjectOf(said));
  if (row === undefined || !tools.isHere() || !first || !isSame(first.said, said)) return;
  changeOne(state, said, { isFresh: false });
  const outcome = await trySend(tools, said);
  if (outcome.kind === 'sent') {
    await ignoreFailure(Promise.resolve(row?.forget()), 'sent again, it is recognised as saved');
    take(state, said, outcome.answer);
    return;
  }
  const trouble = troubleOf(outcome.error);
  if (outcome.kind === 'refused') {
    refuse(state, said, trouble);
    await ignoreFailure(Promise.resolve(row?.replace({ ...said, refused: trouble })), 'it is refused again');
    return;
  }
  changeOne(state, said, { trouble, isRetried: true, isSending: false });
  void ignoreFailure(waitForLink(state, tools), 'waiting never ends by a signal');
}

async function waitForLink(state: State, tools: OutboxTools): Promise<void> {
  if (state.isWaiting) return;
  state.isWaiting = true;
  while (tools.isHere() && state.statements.peek().some(({ isRetried }) => isRetried)) {
    await tools.sleep(RETRY_MS);
    const cutOff = state.statements.peek().filter(({ isRetried }) => isRetried);
    const subjects = new Set(cutOff.map(({ said }) => subjectOf(said)));
    // Statements behind a failed one were not tried, so they are sent too.
    await sendAll(state, tools, (one) => subjects.has(subjectOf(one.said)) && needsNobody(one));
  }
  state.isWaiting = false;
}

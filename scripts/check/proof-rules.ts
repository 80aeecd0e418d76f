/**
 * Rules that make a test green or red for a reason: it does not judge by the machine's clock and does not sleep, and
 * it judges what a page shows by assertions that look again, never by the value of one instant.
 */
import { parseSync, visitorKeys } from 'oxc-parser';
import type { SourceFile } from './source-files.ts';

type Node = { readonly type: string; readonly start: number; readonly end: number };
/** A node; those around it, from the innermost on; and for a call, the source of its callee and where that ends. */
type Found = {
  readonly node: Node;
  readonly around: readonly Node[];
  readonly calls: string;
  readonly at: number;
};

/** Tests that sleep: the moment of a kill is what their seeds draw. */
const SLEEPERS = new Set([
  'gateway/src/pipeline/kill-at-random.e2e.ts',
  'gateway/src/backup/restored.e2e.ts',
  'gateway/src/database/climb.e2e.ts',
  'gateway/src/foreign/stow/killed-store.e2e.ts',
  'gateway/src/reviews/killed-reviews.e2e.ts',
]);
/** Keys are pressed here, after the focus has been seen. */
const PRESSERS = new Set(['shared/testing/press.ts', 'shared/testing/hands.ts']);

const READ_ONCE =
  /\.(innerText|textContent|inputValue|all(InnerTexts|TextContents)|getAttribute|count|is(Visible|Hidden|Enabled|Disabled|Checked|Editable))$/;
const ACT =
  /\.(click|dblclick|tap|press|fill|check|uncheck|selectOption|setInputFiles|goto|reload|goBack|setOffline|evaluate)$|^press(On|Key)$/;
const WAIT = /\.waitFor(Function|Event|Selector)?$|^(until|looksRight)$|(^|\.)enter$/;
const EXPECTATION = /^expect(\.\w+)?\(/;
const NEGATIVE = /\.not\.\w+$|\.toBeHidden$/;

const CLOCK = 'judges by the clock: count statements, calls or bytes, or inject the clock';
const SLEEP = 'sleeps: wait for what is to come (until, an event, a promise)';
const ONCE = 'read by an assertion that looks again: expect(locator)…';
const FLOATING = 'await the assertion or return it: a floating one proves nothing';
const EARLY = 'absence proves nothing before something else has been seen';
const KEYS = 'pressOn(control, …keys) where the focus has been seen, pressKey(page, …keys) for shortcuts';
const FOCUS = 'focusOn(control): a page that has not come to rest takes the focus away again';

const isA = <T>(node: Node | undefined, type: RegExp): node is Node & T => type.test(node?.type ?? '');

function* findNodes(text: string, node: Node, around: readonly Node[] = []): Generator<Found> {
  const callee = isA<{ callee: Node }>(node, /^CallExpression/) ? node.callee : null;
  const calls = callee === null ? '' : text.slice(callee.start, callee.end).replace(/\s|[!?](?=\.)/g, '');
  yield { node, around, calls, at: callee?.end ?? node.start };
  for (const key of visitorKeys[node.type] ?? [])
    for (const child of [(node as unknown as Record<string, Node | (Node | null)[] | null>)[key]].flat())
      if (child) yield* findNodes(text, child, [node, ...around]);
}

const argumentsOf = (call: Node): readonly (Node & { readonly value?: unknown })[] =>
  (call as Node & { readonly arguments: Node[] }).arguments;

/** Two instants are held against each other. A date some time from now is a value. */
function isDifference(around: readonly Node[]): boolean {
  const end = around.findIndex(({ type }) => type !== 'BinaryExpression');
  const differs = around
    .slice(0, end)
    .some((one) => /[-<>]/.test((one as Node & { operator: string }).operator));
  return differs && around[end]?.type !== 'NewExpression';
}

function faultOfTime({ node, around, calls }: Found): string | null {
  // A clock that is handed to the product judges nothing.
  if (calls === 'performance.now' && !isA(around[0], /^Arrow/)) return CLOCK;
  if (/^process\.hrtime/.test(calls) || (calls === 'Date.now' && isDifference(around))) return CLOCK;
  if (calls === 'setTimeout' && around.some((one) => isA(one, /^NewExpression/))) return SLEEP;
  type Import = { source: { value: string }; specifiers: { imported?: { name: string } }[] };
  if (!isA<Import>(node, /^ImportDeclaration/) || !node.source.value.endsWith('timers/promises')) return null;
  return node.specifiers.some(({ imported }) => imported?.name === 'setTimeout') ? SLEEP : null;
}

const isFloating = ({ around, calls }: Found): boolean =>
  EXPECTATION.test(calls) &&
  isA(
    around.find((one) => !isA(one, /^(Conditional|Logical|Unary|Sequence)/)),
    /^ExpressionStatement/,
  );

/** Whether an assertion is given the awaited answer of this call. */
function isAsserted({ around }: Found, text: string): boolean {
  const awaited = around.findIndex((one) => isA(one, /^Await/));
  return (
    awaited >= 0 &&
    around
      .slice(awaited)
      .some((one) => /^assert[.(]/.test(text.slice(one.start, one.end)) && isA(one, /^CallExpression/))
  );
}

const isKey = ({ node, calls }: Found): boolean =>
  calls.endsWith('.keyboard.press') || (calls.endsWith('.press') && isA(argumentsOf(node)[0], /Literal$/));

const isAwaited = ({ around }: Found): boolean => around[0]?.type === 'AwaitExpression';

function faultOfLook(found: Found, { path, text }: SourceFile): string | null {
  const { calls } = found;
  if (calls.endsWith('.waitForTimeout')) return SLEEP;
  if (isKey(found) && !PRESSERS.has(path)) return KEYS;
  if (calls.endsWith('.focus') && isAwaited(found) && !PRESSERS.has(path)) return FOCUS;
  if (isFloating(found)) return FLOATING;
  return READ_ONCE.test(calls) && isAsserted(found, text) ? ONCE : null;
}

type Mark = 'act' | 'wait' | 'absence';

function markOf({ node, calls }: Found): Mark | null {
  if (EXPECTATION.test(calls)) {
    const isNone = calls.endsWith('.toHaveCount') && argumentsOf(node)[0]?.value === 0;
    return isNone || NEGATIVE.test(calls) ? 'absence' : 'wait';
  }
  if (WAIT.test(calls)) return 'wait';
  return ACT.test(calls) ? 'act' : null;
}

/** The function of the test, or the outermost of a file that serves tests. */
function courseOf(around: readonly Node[], tests: ReadonlySet<string>): Node | undefined {
  const isCourse = (one: Node, index: number): boolean => {
    const call = around[index + 1];
    return (
      isA(one, /Function/) &&
      isA<{ callee: { name?: string } }>(call, /^CallExpression/) &&
      tests.has(call.callee.name ?? '')
    );
  };
  return around.find(isCourse) ?? around.findLast((one) => isA(one, /Function/));
}

function findEarly(nodes: readonly Found[], text: string): Found[] {
  const tests = new Set(['test', ...[...text.matchAll(/(\w+) = suite\b/g)].map(([, name]) => name!)]);
  const last = new Map<Node | undefined, Mark>();
  return nodes
    .toSorted((a, b) => a.at - b.at)
    .filter((found) => {
      const mark = markOf(found);
      if (mark === null) return false;
      const course = courseOf(found.around, tests);
      if (mark === 'absence') return last.get(course) !== 'wait';
      last.set(course, mark);
      return false;
    });
}

const isClientTest = (path: string): boolean => /^client\/.*\.e2e\.ts$/.test(path);

function checkFile(file: SourceFile, isTest: boolean): string[] {
  const { path, text } = file;
  if (/^scripts\/bench\//.test(path)) return [];
  const isPage = isClientTest(path) || file.imports.some(({ target }) => target.startsWith('playwright'));
  if (!isTest && !isPage) return [];
  const { program, errors } = parseSync(path, text, { preserveParens: false });
  if (errors.length > 0) return [`${path}: ${errors[0]!.message}`];
  const nodes = [...findNodes(text, program as Node)];
  const early = new Set(isPage ? findEarly(nodes, text) : []);
  return nodes.flatMap((found) => {
    const time = isTest && !SLEEPERS.has(path) ? faultOfTime(found) : null;
    const look = isPage ? faultOfLook(found, file) : null;
    const fault = time ?? look ?? (early.has(found) ? EARLY : null);
    return fault === null ? [] : [`${path}:${text.slice(0, found.at).split('\n').length}: ${fault}`];
  });
}

/** Every broken rule, one line each. */
export function checkProofRules(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => checkFile(file, /\.(test|e2e)\.ts$/.test(file.path)));
}

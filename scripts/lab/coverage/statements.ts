/**
 * The statements of a source file, by the offset at which each begins: what runs or does not run as one. The
 * body of an arrow function that is an expression counts as one too; types, imports and declarations of
 * functions do not.
 */
import { parseSync } from 'oxc-parser';

type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;
export type Statement = { readonly start: number; readonly end: number };

export type CoveredFile = {
  /** From the root. */
  readonly path: string;
  readonly text: string;
  readonly statements: readonly Statement[];
  /** For each of `statements`: 1 if it ran. */
  readonly ran: Uint8Array;
};

const COUNTED =
  /^(Expression|Return|If|For|ForIn|ForOf|While|DoWhile|Throw|Try|Switch|Break|Continue)Statement$/;
/** Erased before the code runs. */
const ERASED = /^(TS(?!AsExpression|NonNull|Satisfies)|Import|ExportAll)/;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

function isCounted(node: Node): boolean {
  if (node.type === 'VariableDeclaration') return node.declare !== true;
  return COUNTED.test(node.type);
}

function collect(node: Node, found: Statement[]): void {
  if (ERASED.test(node.type)) return;
  if (isCounted(node)) found.push(node);
  const { body } = node;
  if (node.type === 'ArrowFunctionExpression' && isNode(body) && body.type !== 'BlockStatement')
    found.push(body);
  for (const child of childrenOf(node)) collect(child, found);
}

/** In the order of the text. @throws Error for a file that is no TypeScript. */
export function statementsOf(path: string, text: string): Statement[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`);
  const found: Statement[] = [];
  collect(program as unknown as Node, found);
  return found.map(({ start, end }) => ({ start, end })).sort((a, b) => a.start - b.start);
}

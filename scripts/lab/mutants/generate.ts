/**
 * Every mutant of a source file: one small place of its syntax tree that says something else. The operators
 * are those of StrykerJS except regular expressions; nothing is changed in types, imports, keys, or in the
 * text of an `Error`, which only a developer reads. A mutant that the type checker would refuse is run like
 * any other.
 */
import { parseSync } from 'oxc-parser';
import { mutated, type Mutant } from './mutant.ts';

type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;
type Change = Omit<Mutant, 'file'>;

const SWAPPED: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '&': ['|'],
  '|': ['&'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '++': ['--'],
  '--': ['++'],
};
const METHODS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    toUpperCase: 'toLowerCase',
    toLowerCase: 'toUpperCase',
    min: 'max',
    max: 'min',
    trimStart: 'trimEnd',
    trimEnd: 'trimStart',
    indexOf: 'lastIndexOf',
    push: 'unshift',
  }),
);
/** The call is left out: `values.filter(f)` becomes `values`. */
const LEFT_OUT = new Set(['filter', 'slice', 'sort', 'toSorted', 'reverse', 'toReversed', 'trim', 'flat']);

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

/** Erased before the code runs, or read only by developers. */
function isLeftAlone(node: Node): boolean {
  if (/^(TS(?!AsExpression|NonNull|Satisfies)|Import|ExportAll)/.test(node.type)) return true;
  const callee = node.callee as Node | undefined;
  return node.type === 'NewExpression' && /Error$/.test(String(callee?.name ?? ''));
}

function isText(node: unknown): boolean {
  if (!isNode(node)) return false;
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

class Mutator {
  readonly changes: Change[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  #change(operator: string, { start, end }: Pick<Node, 'start' | 'end'>, to: string): void {
    if (this.#source.slice(start, end) !== to) this.changes.push({ operator, start, end, to });
  }

  #text({ start, end }: Node): string {
    return this.#source.slice(start, end);
  }

  /** The sign between two operands. */
  #sign(node: Node): void {
    const left = node.left as Node;
    const right = node.right as Node;
    const sign = String(node.operator);
    if (sign === '+' && (isText(left) || isText(right))) return;
    const at = this.#source.indexOf(sign, left.end);
    if (at < 0 || at >= right.start) return;
    for (const other of SWAPPED[sign] ?? []) this.#change(sign, { start: at, end: at + sign.length }, other);
  }

  #condition(test: unknown): void {
    if (!isNode(test) || test.type === 'Literal') return;
    this.#change('condition', test, 'true');
    this.#change('condition', test, 'false');
  }

  #unary(node: Node): void {
    const argument = node.argument as Node;
    if (node.operator === '!') this.#change('not', node, this.#text(argument));
    if (node.operator === '-') this.#change('minus', node, this.#text(argument));
  }

  #update(node: Node): void {
    const sign = String(node.operator);
    const at = node.prefix ? node.start : node.end - sign.length;
    for (const other of SWAPPED[sign] ?? []) this.#change(sign, { start: at, end: at + sign.length }, other);
  }

  #literal(node: Node): void {
    if (typeof node.value === 'boolean') this.#change('boolean', node, String(!node.value));
    if (typeof node.value === 'string') this.#change('text', node, node.value === '' ? "'mutant'" : "''");
  }

  #call(node: Node): void {
    const callee = node.callee as Node;
    const property = callee.property as Node | undefined;
    if (callee.type !== 'MemberExpression' || property?.type !== 'Identifier') return;
    const name = String(property.name);
    const other = METHODS.get(name);
    if (other !== undefined) this.#change(name, property, other);
    if (LEFT_OUT.has(name)) this.#change(name, node, this.#text(callee.object as Node));
  }

  #function(node: Node): void {
    const body = node.body as Node | null;
    if (body === null) return;
    if (body.type !== 'BlockStatement') this.#change('arrow', body, 'undefined');
    else if ((body.body as Node[]).length > 0) this.#change('body', body, '{}');
  }

  #array(node: Node): void {
    if ((node.elements as unknown[]).length > 0) this.#change('array', node, '[]');
  }

  readonly #byType: Readonly<Record<string, (node: Node) => void>> = {
    BinaryExpression: (node) => this.#sign(node),
    LogicalExpression: (node) => this.#sign(node),
    AssignmentExpression: (node) => this.#sign(node),
    IfStatement: (node) => this.#condition(node.test),
    WhileStatement: (node) => this.#condition(node.test),
    ConditionalExpression: (node) => this.#condition(node.test),
    UnaryExpression: (node) => this.#unary(node),
    UpdateExpression: (node) => this.#update(node),
    Literal: (node) => this.#literal(node),
    TemplateLiteral: (node) => this.#change('text', node, '``'),
    ArrayExpression: (node) => this.#array(node),
    CallExpression: (node) => this.#call(node),
    FunctionDeclaration: (node) => this.#function(node),
    FunctionExpression: (node) => this.#function(node),
    ArrowFunctionExpression: (node) => this.#function(node),
  };

  walk(node: Node): void {
    if (isLeftAlone(node)) return;
    this.#byType[node.type]?.(node);
    const keys = [node.type === 'Property' && node.key, node.type === 'MemberExpression' && node.property];
    for (const child of childrenOf(node)) {
      const isName = keys.includes(child) && !node.computed;
      const isModuleName = node.type.startsWith('Export') && child === node.source;
      if (!isName && !isModuleName) this.walk(child);
    }
  }
}

/** In the order of the file, without those that do not parse. @throws Error where it does not parse. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const mutator = new Mutator(source);
  mutator.walk(program as unknown as Node);
  const parses = (mutant: Mutant): boolean => parseSync(file, mutated(source, mutant)).errors.length === 0;
  return mutator.changes
    .map((change) => ({ file, ...change }))
    .filter(parses)
    .sort((a, b) => a.start - b.start);
}

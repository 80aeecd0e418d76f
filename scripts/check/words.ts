/**
 * The words that a person reads stand in the client's words files (`*-words.ts`) and in the tables of the
 * protocol, never in views or stores: there they are read side by side, kept in one voice, and can be
 * translated. A fault is text between tags, text in an attribute that is shown or read aloud, and a sentence
 * anywhere else. Errors are for the console and begin in lower case.
 */
import { parseSync, Visitor, type JSXChild, type Node, type Program } from 'oxc-parser';
import { findTests, type SourceFile } from './source-files.ts';

const WORDS_FILE = /-words\.ts$/;
/** The sample study's elements are data that look like sentences. */
const SAMPLE = 'client/src/pipeline/ingest/choose/sample-study.ts';
const READ = /^(aria-(label|description|roledescription|valuetext)|title|alt|placeholder|label)$/;
const WORD = /\p{L}{2}/u;
/** Three words, the first with a capital and another one without. */
const SENTENCE = /^(?=.* \p{Ll}{2})\p{Lu}\p{L}*,? \p{L}+,? \p{L}+/u;
/** Names of algorithms are the same in every language. */
const NAMES = /SHA-256|DICOM|PACS|UID/g;

type Spot = { readonly start: number; readonly text: string };

/** The texts that this expression holds, whichever of them it chooses. */
function writtenIn(node: Node | null): Spot[] {
  switch (node?.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [{ start: node.start, text: node.value }] : [];
    case 'TemplateLiteral':
      return [
        ...node.quasis.map(({ start, value }) => ({ start, text: value.raw })),
        ...node.expressions.flatMap(writtenIn),
      ];
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap(writtenIn);
    case 'LogicalExpression':
      return [...(node.operator === '&&' ? [] : writtenIn(node.left)), ...writtenIn(node.right)];
    case 'BinaryExpression':
      return node.operator === '+' ? [node.left, node.right].flatMap(writtenIn) : [];
    case 'JSXExpressionContainer':
      return writtenIn(node.expression);
    default:
      return [];
  }
}

function spotsOf(program: Program): Spot[] {
  const spots: Spot[] = [];
  const note = (found: readonly Spot[], pattern: RegExp): void => {
    spots.push(...found.filter(({ text }) => pattern.test(text.replaceAll(NAMES, ''))));
  };
  const noteChildren = ({ children }: { readonly children: readonly JSXChild[] }): void => {
    for (const child of children) note(writtenIn(child), WORD);
  };
  new Visitor({
    JSXText: ({ start, value }) => note([{ start, text: value }], WORD),
    JSXElement: noteChildren,
    JSXFragment: noteChildren,
    JSXAttribute({ name, value }) {
      if (name.type === 'JSXIdentifier' && READ.test(name.name)) note(writtenIn(value), WORD);
    },
    Literal: (node) => note(writtenIn(node), SENTENCE),
    TemplateElement: ({ start, value }) => note([{ start, text: value.raw }], SENTENCE),
  }).visit(program);
  return spots;
}

function checkFile({ path, text }: SourceFile): string[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) return [`${path}: ${errors[0]!.message}`];
  const lines = new Set(spotsOf(program).map(({ start }) => text.slice(0, start).split('\n').length));
  return [...lines].map((line) => `${path}:${line}: words for a person outside a words file`);
}

/** Every line of the client with words that belong in a words file. */
export function checkWords(files: readonly SourceFile[]): string[] {
  const tests = findTests(files);
  return files
    .filter(({ path }) => path.startsWith('client/src/') && !tests.has(path))
    .filter(({ path }) => !WORDS_FILE.test(path) && path !== SAMPLE)
    .flatMap(checkFile);
}

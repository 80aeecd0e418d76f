/** The contract as others read it: by their validators, in their languages. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Validator } from '@seriousme/openapi-schema-validator';
import { OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { skip } from '#testing/environment.ts';
import {
  IN_WORDS,
  openContract,
  pointer,
  resolved,
  type OpenApiDocument,
  type Response,
} from '../testing/call-by-contract.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { askProgram } from '../testing/open-subject.ts';
import { operationIdOf } from './operation-id.ts';
import { isPortable, portablePattern } from './portable-pattern.ts';

type Refusal = { readonly properties: { readonly code: { readonly enum: readonly string[] } } };
const test = suite('the contract, read by others');
const PYTHON = '/usr/bin/python3';
const IN_PYTHON = fileURLToPath(new URL('../testing/validate-openapi.py', import.meta.url));
const RECORDED = new URL('./recorded-examples.json', import.meta.url);
const OPENAPI_SCHEMA = createRequire(import.meta.url)
  .resolve('@seriousme/openapi-schema-validator')
  .replace(/index\.js$/, 'schemas/v3.1/schema.json');

let gateway: TestGateway;
let contract: OpenApiDocument;
test.before(async () => {
  gateway = await openTestGateway();
  ({ contract } = await openContract(gateway));
});
test.after(() => gateway.close());

test('a validator of OpenAPI 3.1 finds nothing wrong', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(contract));
  assert.ok(valid, JSON.stringify(errors));
});

test('Python’s jsonschema takes the document, its schemas, its patterns and its examples', async () => {
  const schema: unknown = JSON.parse(await readFile(OPENAPI_SCHEMA, 'utf8'));
  const asked = new TextEncoder().encode(JSON.stringify({ document: contract, schema }));
  if (askProgram(PYTHON, ['-c', 'import jsonschema'], asked)?.code !== 0)
    skip('the contract in Python', 'python3-jsonschema is not installed');
  const { text } = askProgram(PYTHON, [IN_PYTHON], asked)!;
  const said = JSON.parse(text) as Record<'schemas' | 'patterns' | 'examples', number> & { errors: string[] };
  assert.equal(said.errors, []);
  assert.ok(said.schemas > 500 && said.patterns > 300 && said.examples > 150, text);
});

test('making the document takes a turn of the event loop for each piece', async () => {
  const turns: number[] = [];
  let turn = 0;
  let counting = setImmediate(function next() {
    turn += 1;
    counting = setImmediate(next);
  });
  const original = OpenApiGeneratorV31.prototype.generateDocument;
  OpenApiGeneratorV31.prototype.generateDocument = function make(this: OpenApiGeneratorV31, ...args) {
    turns.push(turn);
    return original.apply(this, args);
  };
  const fresh = await openTestGateway({ start: false });
  try {
    assert.is((await fresh.call('GET', '/openapi.json')).status, 200);
  } finally {
    OpenApiGeneratorV31.prototype.generateDocument = original;
    clearImmediate(counting);
    await fresh.close();
  }
  assert.ok(turns.length > 20, `${turns.length} pieces`);
  assert.is(new Set(turns).size, turns.length, 'no turn makes two');
});

type Example = readonly [where: string, schema: string, example: unknown];

/** Each example of the contract, and where its schema stands. */
function examplesIn(node: unknown, at: readonly string[] = []): Example[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('schema' in node && 'example' in node)
    return [[at.join(' '), `openapi#/${pointer(...at, 'schema')}`, node.example]];
  return Object.entries(node).flatMap(([name, inner]) => examplesIn(inner, [...at, name]));
}

test('every example is as its schema says, and none is left over', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(contract, 'openapi');
  const examples = examplesIn({ paths: contract.paths, components: contract.components });
  for (const [where, $ref, example] of examples) {
    const isValid = ajv.compile({ $ref });
    assert.ok(isValid(example), `${where}: ${JSON.stringify(isValid.errors)}`);
  }
  const { operations, refusals } = JSON.parse(await readFile(RECORDED, 'utf8')) as {
    operations: Record<string, { request?: unknown; answer?: unknown }>;
    refusals: object;
  };
  const recorded = Object.values(operations).flatMap(({ request, answer }) => [request, answer]);
  const count = recorded.filter((one) => one !== undefined).length + Object.keys(refusals).length;
  assert.is(examples.length, count, 'an example whose operation is gone: node scripts/record-examples.ts');
  assert.ok(count > 150, `${count} examples`);
});

/** Operations without a recorded body in words, and why. */
const WITHOUT_EXAMPLE = { streamEvents: 'its answer has no end' };

test('every operation has an example of each request and answer in words, or a reason for having none', () => {
  const lacks = (contents: readonly Response['content'][]): boolean => {
    const inWords = contents
      .flatMap((content) => Object.entries(content ?? {}))
      .filter(([type]) => IN_WORDS.test(type));
    return inWords.length > 0 && inWords.every(([, { example }]) => example === undefined);
  };
  const lacking = Object.values(contract.paths)
    .flatMap((operations) => Object.values(operations))
    .filter(({ requestBody, responses }) => {
      const answers = Object.entries(responses).filter(([status]) => Number(status) < 300);
      return (
        lacks([requestBody?.content]) ||
        lacks(answers.map(([, answer]) => resolved(contract, answer).content))
      );
    })
    .map(({ operationId }) => operationId);
  assert.equal(lacking, Object.keys(WITHOUT_EXAMPLE));
});

test('no example holds a secret that opens anything, a time or an id of a run', async () => {
  const text = await readFile(RECORDED, 'utf8');
  const found = (form: RegExp): string[] => [...new Set(text.match(form))];
  assert.equal(found(/eyJ[\w-]+/g), ['eyJhbGciOiJFUzI1NiJ9', 'eyJzdWIiOiJleGFtcGxlIn0']);
  assert.ok(found(/\brk_\w+/g).every((key) => /^rk_(Example)+\w*$/.test(key)));
  assert.ok(found(/(?<=[pP]assword": ")[^"]+/g).every((password) => password === 'an example password'));
  assert.equal(found(/[\da-f]{8}(?:-[\da-f]{4}){3}-(?!0{9})[\da-f]{12}/g), []);
  assert.equal(found(/\d{4}-\d\d-\d\dT[\d:]+/g), ['2026-01-01T12:00:00']);
});

/** Every text under this keyword. */
function textsUnder(keyword: string, node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === keyword && typeof value === 'string' ? [value] : textsUnder(keyword, value),
  );
}

test('every pattern is one that all languages read alike; others are a rule in words', () => {
  const patterns = textsUnder('pattern', contract);
  assert.ok(patterns.length > 300, `${patterns.length} patterns`);
  assert.equal(
    patterns.filter((pattern) => !isPortable(pattern)),
    [],
  );
  for (const pattern of patterns) new RegExp(pattern, 'u');
  const username = textsUnder('description', contract).filter((text) => text.includes('\\p{L}'));
  assert.ok(username.some((text) => text.includes('`/^[\\p{L}\\p{N}][\\p{L}\\p{N}._@+-]*$/u`')));
});

test('an expression that means the same everywhere is its bare source, and any other is kept out', () => {
  const written = ({ source, flags }: RegExp): string => (flags ? `${source}/${flags}` : source);
  const portable = (expression: RegExp) => portablePattern(written(expression));
  assert.equal(portable(/^[^\p{Cc}\p{Cs}]*$/u), { pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]*$' });
  assert.equal(portable(/^\P{Cc}*$/u), { pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]*$' });
  assert.equal(portable(/^a\/u[b/]\d(?:[\d.]|\\d)$/), {
    pattern: '^a\\/u[b/][0-9](?:[0-9.]|\\\\d)$',
  });
  for (const other of [/^a$/i, /(?<a>b)/, /(?=a)b/, /a(?<!b)/, /\p{L}/u, /[\p{L}--[a]]/v, /^\s.$/, /[\s\S]/])
    assert.equal(portable(other), { rule: `Matches the ECMA-262 expression \`${other}\`.` });
});

test('an operation is named after its method and path', () => {
  const names = [
    ['get', '/cases/{id}/notes', 'listCaseNotes'],
    ['get', '/export-templates', 'listExportTemplates'],
    ['get', '/upload/{id}/status', 'getUploadStatus'],
    ['get', '/admin/policies/{name}', 'getPolicy'],
    ['post', '/admin/dimse-peers', 'createDimsePeer'],
    ['post', '/models/{id}/versions/{version}/activate', 'activateModelVersion'],
    ['put', '/admin/destinations/{id}/tuning', 'setDestinationTuning'],
    ['put', '/review-types/{name}', 'updateReviewType'],
    ['patch', '/admin/users/{id}', 'updateUser'],
    ['delete', '/cases/{id}/attachments/{attachmentId}', 'deleteCaseAttachment'],
  ] as const;
  for (const [method, path, name] of names) assert.is(operationIdOf(method, path), name);
});

test('every operation has a name of its own, a summary, and the codes of each refusal', () => {
  const names: string[] = [];
  for (const [path, operations] of Object.entries(contract.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const what = `${method} ${path}`;
      names.push(operation.operationId);
      assert.match(operation.operationId, /^[a-z]+([A-Z][a-z]*)*$/, what);
      assert.match(operation.summary, /^\S.{5}/, what);
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const content = resolved(contract, response).content?.['application/problem+json'];
        const codes = (content?.schema as Refusal | undefined)?.properties.code.enum ?? [];
        const other = codes.filter((code) => ALL_PROBLEMS[code as AnyProblemCode].status !== Number(status));
        assert.ok(codes.length > 0 && other.length === 0, `${what} ${status}: ${codes}`);
      }
    }
  assert.equal(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
  assert.ok(names.length > 200, `${names.length} operations`);
});

test.run();

/**
 * Calls a test gateway, and holds each real answer, and each request that succeeds, against what its `/openapi.json`
 * says of this route and status. The calls are the examples of the contract (scripts/record-examples.ts).
 */
import * as assert from 'uvu/assert';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isRecording, recordCall } from '#testing/recorded-call.ts';
import type { CallOptions, TestGateway } from './open-gateway.ts';

type Content = Readonly<Record<string, { readonly schema?: unknown; readonly example?: unknown }>>;
export type Response = { readonly content?: Content };
export type Operation = {
  operationId: string;
  summary: string;
  parameters?: readonly { readonly in: string; readonly name: string; readonly description?: string }[];
  requestBody?: { readonly content: Content };
  responses: Record<string, Response | { readonly $ref: string }>;
  security?: unknown[];
  tags?: readonly string[];
  description?: string;
  'x-roles'?: unknown;
};
export type OpenApiDocument = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: {
    readonly responses: Readonly<Record<string, Response>>;
    readonly schemas: Readonly<Record<string, unknown>>;
  };
};
type Call<Answer> = (
  method: string,
  template: string,
  expected: number,
  options?: CallOptions & { params?: Record<string, string>; query?: Record<string, string> },
) => Promise<Answer>;
/** The body of the answer; null where it has none. */
export type CallByContract = Call<unknown>;

export type Contract = {
  readonly contract: OpenApiDocument;
  readonly callByContract: CallByContract;
  readonly askByContract: Call<{ readonly body: unknown; readonly headers: Headers }>;
  /** Operations that were called with success and of which the contract has no example. */
  lacking(): readonly string[];
};

const SHARED = '#/components/responses/';

/** A response of an operation, wherever the document holds it. */
export function resolved(
  { components }: OpenApiDocument,
  response: Operation['responses'][string],
): Response {
  return '$ref' in response ? components.responses[response.$ref.replace(SHARED, '')]! : response;
}

/** Types of bodies that are examples: a picture or a file is none. */
export const IN_WORDS = /json$|jose$|^text\//;
const JSON_TYPE = 'application/json';
/** RFC 6901, as the fragment of an address. */
export const pointer = (...parts: string[]): string =>
  parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');

export async function openContract(gateway: TestGateway): Promise<Contract> {
  // Formats are documentation for people; the schemas that they were made from check them.
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const contract = (await (await gateway.call('GET', '/openapi.json')).json()) as OpenApiDocument;
  ajv.addSchema(contract, 'openapi');
  const lacking = new Set<string>();
  const validate = (what: string, where: readonly string[], body: unknown): void => {
    const isValid = ajv.compile({ $ref: `openapi#/${pointer(...where, 'schema')}` });
    assert.ok(isValid(body), `${what}: ${JSON.stringify(isValid.errors)} in ${JSON.stringify(body)}`);
  };
  const askByContract: Contract['askByContract'] = async (method, template, expected, options = {}) => {
    const what = `${method.toUpperCase()} ${template} → ${expected}`;
    const operation = contract.paths[template]?.[method];
    const said = operation?.responses[String(expected)];
    assert.ok(operation && said, `${what} is not in the contract`);
    const { headers, text } = await answerTo(gateway, { method, template, expected, options });
    const { operationId, requestBody } = operation!;
    const refusal = '$ref' in said! ? said.$ref.replace(SHARED, '') : undefined;
    const own = ['paths', template, method];
    const isSuccess = expected < 300;
    const { body, form, headers: { 'content-type': requestType = JSON_TYPE } = {} } = options;
    const isText = form instanceof Uint8Array && IN_WORDS.test(requestType);
    const request = isText ? new TextDecoder().decode(form) : body;
    if (isSuccess && request !== undefined) {
      validate(what, [...own, 'requestBody', 'content', requestType], request);
      if (requestBody!.content[requestType]!.example === undefined) lacking.add(operationId);
    }
    const call = { operationId, refusal, request, requestType };
    const { content = {} } = resolved(contract, said!);
    const types = Object.keys(content);
    if (types.length === 0 || method === 'head') {
      assert.is(text, '', `${what} has no body`);
      recordCall({ ...call, status: expected });
      return { body: null, headers };
    }
    const [type = ''] = (headers.get('content-type') ?? '').split(';');
    assert.ok(types.includes(type), `${what} answers with ${type}, the contract says ${types.join(', ')}`);
    const answer: unknown = /json$/.test(type) ? JSON.parse(text) : text;
    const at =
      refusal === undefined ? [...own, 'responses', `${expected}`] : ['components', 'responses', refusal];
    validate(what, [...at, 'content', type], answer);
    recordCall({ ...call, status: expected, ...(IN_WORDS.test(type) && { type, answer }) });
    if (
      (isSuccess || refusal !== undefined) &&
      IN_WORDS.test(type) &&
      Object.values(content).every(({ example }) => example === undefined)
    )
      lacking.add(refusal ?? operationId);
    return { body: answer, headers };
  };
  return {
    contract,
    askByContract,
    callByContract: async (...call) => (await askByContract(...call)).body,
    lacking: () => (isRecording ? [] : [...lacking]),
  };
}

type Asked = {
  method: string;
  template: string;
  expected: number;
  options: NonNullable<Parameters<CallByContract>[3]>;
};

async function answerTo(gateway: TestGateway, { method, template, expected, options }: Asked) {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => options.params?.[name] ?? name);
  const query = options.query === undefined ? '' : `?${new URLSearchParams(options.query).toString()}`;
  const answer = await gateway.call(method.toUpperCase(), path + query, options);
  const text = await answer.text();
  assert.is(answer.status, expected, `${method} ${template}: ${text}`);
  return { headers: answer.headers, text };
}

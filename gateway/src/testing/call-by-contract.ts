/** Calls a test gateway, and holds each real answer against what its `/openapi.json` says of this route and status. */
import * as assert from 'uvu/assert';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { CallOptions, TestGateway } from './open-gateway.ts';

export type Operation = {
  parameters?: readonly { readonly in: string; readonly name: string }[];
  responses: Record<string, { content?: Record<string, unknown> }>;
  security?: unknown[];
  tags?: readonly string[];
  description?: string;
  requestBody?: unknown;
  'x-roles'?: unknown;
};
export type OpenApiDocument = { openapi: string; paths: Record<string, Record<string, Operation>> };
/** The body of the answer; null where it has none. */
export type CallByContract = (
  method: string,
  template: string,
  expected: number,
  options?: CallOptions & { params?: Record<string, string>; query?: Record<string, string> },
) => Promise<unknown>;

const pointer = (...parts: string[]): string =>
  parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');

export async function openContract(
  gateway: TestGateway,
): Promise<{ readonly contract: OpenApiDocument; readonly callByContract: CallByContract }> {
  // Formats are documentation for people; the schemas that they were made from check them.
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const contract = (await (await gateway.call('GET', '/openapi.json')).json()) as OpenApiDocument;
  ajv.addSchema(contract, 'openapi');
  return {
    contract,
    async callByContract(method, template, expected, options = {}) {
      const what = `${method.toUpperCase()} ${template} → ${expected}`;
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => options.params?.[name] ?? name);
      const query = options.query === undefined ? '' : `?${new URLSearchParams(options.query).toString()}`;
      const answer = await gateway.call(method.toUpperCase(), path + query, options);
      const text = await answer.text();
      assert.is(answer.status, expected, `${what}: ${text}`);
      const response = contract.paths[template]?.[method]?.responses[String(expected)];
      assert.ok(response, `${what} is not in the contract`);
      const types = Object.keys(response?.content ?? {});
      if (types.length === 0) {
        assert.is(text, '', `${what} has no body`);
        return null;
      }
      const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
      assert.ok(types.includes(type), `${what} answers with ${type}, the contract says ${types.join(', ')}`);
      const body: unknown = /json$/.test(type) ? JSON.parse(text) : text;
      const at = pointer('paths', template, method, 'responses', String(expected), 'content', type, 'schema');
      const validate = ajv.compile({ $ref: `openapi#/${at}` });
      assert.ok(validate(body), `${what}: ${JSON.stringify(validate.errors)} in ${text}`);
      return body;
    },
  };
}

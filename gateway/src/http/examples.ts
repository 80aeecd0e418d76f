/** The examples in the contract: requests that the tests have sent, and their answers (scripts/record-examples.ts). */
import { readFile } from 'node:fs/promises';

type Content = Record<string, { example?: unknown }>;
type Response = { content?: Content };
type Operation = {
  operationId: string;
  requestBody?: { content: Content };
  responses: Record<string, Response>;
};
/** The parts of a document that contain examples. */
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response> };
};
type Example = {
  readonly requestType?: string;
  readonly request?: unknown;
  readonly status?: string;
  readonly type?: string;
  readonly answer?: unknown;
};
type Examples = {
  readonly operations: Readonly<Record<string, Example>>;
  /** Keyed by the name of the response. */
  readonly refusals: Readonly<Record<string, unknown>>;
};

const RECORDED = new URL('./recorded-examples.json', import.meta.url);
const put = (content: Content | undefined, type: string, example: unknown): void => {
  const place = content?.[type];
  if (place !== undefined && example !== undefined) place.example = example;
};

/** Puts each example in its place in the document. An example whose place no longer exists is left out. */
export async function addExamples({ paths, components }: Document): Promise<void> {
  const { operations, refusals } = JSON.parse(await readFile(RECORDED, 'utf8')) as Examples;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const {
      requestType = '',
      request,
      status = '',
      type = '',
      answer,
    } = operations[operation.operationId] ?? {};
    put(operation.requestBody?.content, requestType, request);
    put(operation.responses[status]?.content, type, answer);
  }
  for (const [name, example] of Object.entries(refusals))
    put(components.responses[name]?.content, 'application/problem+json', example);
}

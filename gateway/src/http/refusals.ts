/**
 * Problems in the contract: each status of a route has a response whose schema lists the codes. Most routes share their
 * lists, so the document contains each list once, under a name made from its codes.
 */
import { type RouteConfig, z } from '@hono/zod-openapi';
import { problemSchema } from '#shared/protocol/api.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';

type Responses = RouteConfig['responses'];
type Response = Exclude<Responses[number], { $ref: string }>;

const PROBLEM_TYPE = 'application/problem+json';
export const problem = z.object(problemSchema.shape).openapi('Problem');
const PLACE = '#/components/responses/';

/** A route's responses, and those for its problems. */
export function withRefusals(own: Responses, codes: Iterable<AnyProblemCode>): Responses {
  const byStatus = Map.groupBy(codes, (code) => ALL_PROBLEMS[code].status);
  const refusals = [...byStatus].map(([status, list]) => {
    const said = own[status] as Response | undefined;
    return [status, said ? joined(said, refusal(list)) : { $ref: PLACE + list.join('.') }];
  });
  return { ...own, ...Object.fromEntries(refusals) };
}

function joined(said: Response, { description, content }: Response): Response {
  return {
    ...said,
    description: `${said.description} Or ${description}.`,
    content: { ...said.content, ...content },
  };
}

function refusal(codes: readonly string[]): Response {
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }],
    type: 'object' as const,
    properties: { code: { type: 'string' as const, enum: [...codes] } },
  };
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: { [PROBLEM_TYPE]: { schema } },
  };
}

/** The shared responses to which the paths of a document refer, by name. */
export function namedRefusals(paths: unknown): Record<string, Response> {
  const named: Record<string, Response> = {};
  JSON.stringify(paths, (key, value: unknown) => {
    if (key !== '$ref' || !`${value}`.startsWith(PLACE)) return value;
    const name = `${value}`.slice(PLACE.length);
    named[name] ??= refusal(name.split('.'));
    return value;
  });
  return named;
}

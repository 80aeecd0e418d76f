/** `/openapi.json`: the contract, made from the schemas that also validate requests. */
import { setImmediate } from 'node:timers/promises';
import { OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from '@hono/zod-openapi';
import { receiptSchema } from '#shared/protocol/receipt.ts';
import { addExamples } from './examples.ts';
import { portablePattern } from './portable-pattern.ts';
import { namedRefusals, problem } from './refusals.ts';
import { allow, type Router } from './route.ts';

const ABOUT = [
  'Port 8080 serves these routes; port 3000 serves them under `/api/`. Errors are RFC 9457 problem details with a stable `code`.',
  'To send a study, announce it (`initUpload`), send parcels of the instances that are in `need` (`createParcel`, `sendPiece`),',
  'say that all was sent (`completeUpload`) until nothing is `missing`, and read the receipt (`getUploadReceipt`) once the PACS',
  'has confirmed all (`getUploadStatus`: `closed`). Or send instances by STOW-RS (`storeInstances`).',
].join(' ');
const BEARER = { type: 'http', scheme: 'bearer' } as const;
const SECURITY_SCHEMES = {
  bearer: {
    ...BEARER,
    bearerFormat: 'JWT',
    description: 'An access token from `POST /auth/login` (RFC 6750, RFC 9068).',
  },
  uploadRight: {
    ...BEARER,
    bearerFormat: 'JWT',
    description:
      'A token of scope `upload` from `POST /auth/device-token`: it reaches the uploads of its own device. Every other route answers `not-allowed`.',
  },
  apiKey: {
    ...BEARER,
    description:
      'An API key (`rk_…`) from `POST /admin/api-keys` with the scope that the route names; without it the route answers `key-lacks-scope`. Routes that name none answer `not-for-keys`.',
  },
};

/** Making the whole document at once would take a fifth of a second, and block the event loop for that time. */
const DEFINITIONS_A_TURN = 10;
type Components = Record<'schemas' | 'responses' | 'securitySchemes', Record<string, unknown>>;
type Part = { readonly paths: Record<string, object>; readonly components: Components };

/**
 * Adds the route, to a router that has all other routes. The document is made once, at the first request: by then
 * everything is declared.
 */
export function serveOpenApi(router: Router, version: string): void {
  router.openAPIRegistry.register('Problem', problem);
  router.openAPIRegistry.register('Receipt', z.object(receiptSchema.shape));
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES))
    router.openAPIRegistry.registerComponent('securitySchemes', name, scheme);
  let document: Promise<string> | null = null;
  router.get('/openapi.json', allow('public'), async (c) => {
    document ??= toDocument(router, version).then((whole) => JSON.stringify(whole));
    return c.body(await document, 200, { 'Content-Type': 'application/json' });
  });
}

async function toDocument({ openAPIRegistry: { definitions } }: Router, version: string) {
  const about = {
    openapi: '3.1.0',
    info: {
      title: 'RelayPACS gateway',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description: ABOUT,
    },
    servers: [{ url: '/', description: 'This gateway' }],
  };
  const paths: Record<string, object> = {};
  const components: Components = { schemas: {}, responses: {}, securitySchemes: {} };
  for (let at = 0; at < definitions.length; at += DEFINITIONS_A_TURN) {
    const some = new OpenApiGeneratorV31(definitions.slice(at, at + DEFINITIONS_A_TURN));
    const part = withPortablePatterns(some.generateDocument(about)) as Part;
    for (const [path, operations] of Object.entries(part.paths))
      paths[path] = { ...paths[path], ...operations };
    for (const kind of ['schemas', 'securitySchemes'] as const)
      Object.assign(components[kind], part.components[kind]);
    Object.assign(components.responses, namedRefusals(part.paths));
    await setImmediate();
  }
  const whole = { ...about, paths, components };
  await addExamples(whole as unknown as Parameters<typeof addExamples>[0]);
  return whole;
}

/**
 * Rewrites each regular expression so that clients in other languages can read it. One that cannot be rewritten is
 * described in words.
 */
function withPortablePatterns(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withPortablePatterns);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, withPortablePatterns(value)]);
  const { pattern, ...rest } = Object.fromEntries(entries) as Record<string, unknown>;
  if (typeof pattern !== 'string') return Object.fromEntries(entries);
  const portable = portablePattern(pattern);
  if ('pattern' in portable) return { ...rest, ...portable };
  return { ...rest, description: [rest['description'], portable.rule].filter(Boolean).join(' ') };
}

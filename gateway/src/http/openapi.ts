/** `/openapi.json`: the contract, made from the schemas that validate. */
import { allow, type Router } from './route.ts';

/**
 * Adds the route to a router that has all others. The document is made once, when it is first asked for:
 * everything is declared by then.
 */
export function serveOpenApi(router: Router, version: string): void {
  router.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token from `POST /auth/login` (RFC 6750, RFC 9068).',
  });
  router.openAPIRegistry.registerComponent('securitySchemes', 'uploadRight', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A token of scope `upload` from `POST /auth/device-token`: it reaches the uploads of its own device. Every other route answers `not-allowed`.',
  });
  router.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key (`rk_…`) from `POST /admin/api-keys` with the scope that the route names; without it the route answers `key-lacks-scope`. Routes that name none answer `not-for-keys`.',
  });
  let document: string | null = null;
  router.get('/openapi.json', allow('public'), (c) => {
    document ??= JSON.stringify(
      router.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'RelayPACS gateway',
          version,
          license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
          description:
            'Port 8080 serves these routes; port 3000 serves them under `/api/`. Errors are RFC 9457 problem details with a stable `code`.',
        },
        servers: [{ url: '/', description: 'This gateway' }],
      }),
    );
    return c.body(document, 200, { 'Content-Type': 'application/json' });
  });
}

/** No answer of another server sends the gateway elsewhere, with its credentials or without them. */
import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { openHeadPlace } from './audit/ship-heads.ts';
import { ask } from './doctor/ask.ts';
import { openPacsAt } from './ports/pacs/open-pacs.ts';
import { PUBLIC_TLS } from './ports/pacs/pacs-agent.ts';
import { LINK_LOCAL } from './refuse-link-local.ts';

const { signal } = new AbortController();

const pacsAt = (url: string, tokenUrl: string | null = null) =>
  openPacsAt(
    {
      ...{ kind: 'dicomweb', url, tls: PUBLIC_TLS },
      authentication:
        tokenUrl === null
          ? { kind: 'none' }
          : { kind: 'oauth', tokenUrl, clientId: 'relay', clientSecret: 'x', scope: null },
    },
    { proxy: null, clock: () => 0, folderRoot: null, blocked: LINK_LOCAL },
  ).probe(signal);

const WAYS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  'a PACS': (url) => pacsAt(url),
  'a token endpoint': (url) => pacsAt('http://127.0.0.1:9', url),
  'the place of the heads, asked for the last one': (url) => openHeadPlace(new URL(url), LINK_LOCAL).last(),
  'the place of the heads, sent one': (url) => openHeadPlace(new URL(url), LINK_LOCAL).send(['a.b.c']),
  'a PACS that the doctor looks at': (url) => ask({ url, authorization: null, ca: null }, { url }, signal),
};

for (const [name, way] of Object.entries(WAYS))
  for (const status of [301, 302, 303, 307, 308])
    test(`${name} is not followed where its ${status} leads`, async () => {
      const asked: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        asked.push(request.url);
        request.resume();
        response.writeHead(status, { location: '/elsewhere', connection: 'close' }).end();
      });
      const port = await listenOnLoopback(server);
      await way(`http://127.0.0.1:${port}/there`).catch(() => 'refused');
      assert.is(asked.length, 1);
      assert.match(asked[0] ?? '', /^\/there/);
      server.close();
    });

test.run();

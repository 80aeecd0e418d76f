/** Compose may say much while it brings the image: a start in a container hears it out. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const MODULE = new URL('./orthanc-container.ts', import.meta.url).href;
/** In the place of Docker: more words than Node keeps of a program unless it is told to. */
const DOCKER = `#!${process.execPath}\nprocess.stderr.write('.'.repeat(2 * 1024 * 1024));`;

test('a start in a container survives two megabytes of words', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-container-'));
  const pacs = createServer((_, answer) => answer.end());
  try {
    await writeFile(join(folder, 'docker'), DOCKER, { mode: 0o755 });
    const request = `folder: ${JSON.stringify(folder)}, port: ${await listenOnLoopback(pacs)}, say() {}`;
    const program = `import { startContainer } from '${MODULE}';
      await startContainer({ ${request}, signal: AbortSignal.any([]) });
      console.log('started');`;
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const starting = spawn(process.execPath, ['--eval', program], { env, stdio: [...stdio] });
    assert.is(await text(starting.stdout!), 'started\n');
  } finally {
    pacs.close();
    await rm(folder, { recursive: true });
  }
});

test.run();

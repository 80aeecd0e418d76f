/**
 * `relay deidentify` over the corpus's canaries, as a process of its own: nothing that it writes or says
 * holds one in any form.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CANARY_NAME, readCanaries } from '#testing/canaries.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { inFolder } from '#testing/in-folder.ts';
import { REASONS } from '#shared/protocol/reasons.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const { corpus } = testEnvironment();

type Entry = { readonly file: number; readonly out?: string; readonly reason?: string };
type Said = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(folder: string, ...options: string[]): Promise<Said> {
  const places = [join(folder, 'in'), '--out', join(folder, 'out'), '--report', join(folder, 'report.json')];
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [RELAY, 'deidentify', ...places, ...options],
      { cwd: folder },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

const OPTIONS =
  'retain-longitudinal-modified-dates,clean-descriptors,clean-structured-content,clean-graphics,retain-safe-private';

for (const options of [[], ['--options', OPTIONS]])
  test(`no canary is left in the files written, their names, the report or the output (${options[1] ?? 'plain profile'})`, async () => {
    if (corpus === null) skip('the canaries through the command line', 'no corpus');
    const { instances, documents, search } = await readCanaries(corpus);
    await inFolder(async (folder) => {
      await mkdir(join(folder, 'in'));
      const put = async ({ bytes }: { bytes: Buffer }, index: number) =>
        writeFile(join(folder, 'in', `${CANARY_NAME}-${index}.dcm`), bytes);
      await Promise.all([...instances, ...documents].map(put));
      const { code, stdout, stderr } = await run(folder, ...options);
      const report: Entry[] = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));

      // Files that cannot be cleaned are quarantined by name and reason, and not written.
      const written = report.filter(({ out }) => out !== undefined);
      assert.equal([written.length, report.length], [instances.length, instances.length + documents.length]);
      const refused = report.filter(({ reason }) => reason !== undefined);
      assert.equal(
        refused.map(({ reason }) => reason),
        documents.map(() => 'cannot-be-deidentified'),
      );
      assert.is(code, 1);
      // The path of a refused file is the caller's own word: it is said to the caller, and nowhere else.
      const given = [...instances, ...documents].map((_each, index) =>
        join(folder, 'in', `${CANARY_NAME}-${index}.dcm`),
      );
      for (const { file } of refused)
        assert.ok(stderr.includes(`${given[file - 1]}: ${REASONS['cannot-be-deidentified'].title}`));
      const withoutPaths = (text: string) => given.reduce((left, path) => left.replaceAll(path, ''), text);
      const names = await readdir(join(folder, 'out'), { recursive: true });
      assert.is(names.filter((name) => name.endsWith('.dcm')).length, instances.length);
      assert.equal(await search.inFolder(join(folder, 'out')), []);
      assert.equal(search.inBytes(Buffer.from(names.join('\n'))), []);
      assert.equal(search.inBytes(Buffer.from(JSON.stringify(report))), []);
      assert.equal(search.inBytes(Buffer.from(withoutPaths(stdout))), []);
      assert.equal(search.inBytes(Buffer.from(withoutPaths(stderr))), []);
      // The search finds them where they are.
      assert.ok((await search.inFolder(join(folder, 'in'))).length > 0);
    });
  });

test.run();

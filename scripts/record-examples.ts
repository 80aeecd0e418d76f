/**
 * `node scripts/record-examples.ts [--new]`: writes `gateway/src/http/recorded-examples.json`, the examples of
 * `/openapi.json`, from the requests and answers of the tests that call the gateway by its contract. For each
 * operation the first success counts, for each refusal the first one. A second run changes nothing. `--new`: keeps
 * nothing of the examples that are there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedCall } from '#testing/recorded-call.ts';
import { readSources, ROOT } from './check/source-files.ts';
import { createStabiliser, keepEarlier } from './examples/stable-values.ts';

const TARGET = join(ROOT, 'gateway/src/http/recorded-examples.json');

/** `answer`: absent where it has no body. */
type Example = { request?: unknown; requestType?: string; status?: string; type?: string; answer?: unknown };
type Examples = { operations: Record<string, Example>; refusals: Record<string, unknown> };

async function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(process.execPath, args, {
    ...{ cwd: ROOT, stdio: 'inherit' },
    env: { ...process.env, ...env },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
}

/** The calls of the tests, in the order of their files. */
async function recordCalls(): Promise<RecordedCall[]> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-examples-'));
  try {
    const callsFile = join(folder, 'calls');
    const tests = (await readSources())
      .filter(({ path, text }) => /\.test\.ts$/.test(path) && text.includes('callByContract('))
      .map(({ path }) => path)
      .sort();
    for (const path of tests)
      await runNode(['scripts/test.ts', '--no-install', path], { RELAY_TEST_CALLS: callsFile });
    const lines = (await readFile(callsFile, 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as RecordedCall);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toExamples(calls: readonly RecordedCall[]): Examples {
  const examples: Examples = { operations: {}, refusals: {} };
  for (const { operationId, refusal, request, requestType, status, type, answer } of calls) {
    const stable = createStabiliser();
    if (refusal !== undefined) examples.refusals[refusal] ??= stable(answer);
    else if (status < 300 && (request !== undefined || answer !== undefined))
      examples.operations[operationId] ??= {
        ...(request !== undefined && { requestType, request: stable(request) }),
        ...(answer !== undefined && { status: `${status}`, type, answer: stable(answer) }),
      } as Example;
  }
  return examples;
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

if (process.argv.includes('--new')) await writeFile(TARGET, '{"operations":{},"refusals":{}}');
const earlier = await readFile(TARGET, 'utf8');
const { operations, refusals } = keepEarlier(
  toExamples(await recordCalls()),
  JSON.parse(earlier),
) as Examples;
await writeFile(TARGET, JSON.stringify({ operations: sorted(operations), refusals: sorted(refusals) }));
await runNode(['node_modules/@biomejs/biome/bin/biome', 'format', '--write', TARGET]);

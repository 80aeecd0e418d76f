/**
 * `npm run lab -- lying-pacs [--adapter KIND]… [--seed N] [--worlds N] [--minutes N] [--only N] [--orthanc]
 * [--without DEFENCE]`: studies before a PACS that lies or is ill. Each world is a gateway and a PACS of its own
 * on a clock that is told the time, under each setting of RELAY_PACS_PROOF. Its kind and the seed say what the
 * PACS does: over DICOMweb and Orthanc's REST API each status with each body from each service; over DIMSE each
 * status and each way to break off from each service, with and without storage commitment; of a folder each way to
 * lose what was safe. And silence, lag, lists that lack or claim, stores that are not carried out, other bytes, a
 * study that is forgotten after the receipt. Exits 0 if no receipt says what is not so, nothing acknowledged was
 * posted again, and every study ended.
 *
 * `--adapter`: orthanc, dicomweb, dimse or folder; all of them without it. `--orthanc`: the lies are told by a
 * proxy before a real Orthanc. `--only`: one world, to look at it. `--without`: in a copy of the project that
 * lacks one defence; a name that does not exist lists them. A run that was interrupted resumes with the same
 * command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyWith } from '#testing/mutated-copy.ts';
import { ROOT } from '../check/source-files.ts';
import { DEFENCES } from './lying-pacs/defences.ts';

async function runIn(root: string, args: readonly string[]): Promise<number> {
  const script = join(root, 'gateway/src/simulation/run-lies.ts');
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function runWithout(name: string, args: readonly string[]): Promise<number> {
  const defence = DEFENCES.find(({ what }) => what === name);
  if (defence === undefined) {
    process.stderr.write(`--without one of: ${DEFENCES.map(({ what }) => `"${what}"`).join(', ')}\n`);
    return 2;
  }
  const copy = await copyWith([defence]);
  return runIn(copy.root, args).finally(copy.remove);
}

const args = process.argv.slice(2);
const { values, tokens } = parseArgs({
  args,
  options: { without: { type: 'string' } },
  strict: false,
  tokens: true,
});
const own = tokens.find((token) => token.kind === 'option' && token.name === 'without');
const rest = own === undefined ? args : args.toSpliced(own.index, 2);
process.exitCode =
  typeof values.without === 'string' ? await runWithout(values.without, rest) : await runIn(ROOT, args);

/**
 * The command line: `npm run -s relay -- COMMAND …`. Finds the command, runs it and turns its outcome into an
 * exit code: 0 done, 1 something was refused or does not hold, 2 wrong usage, 3 the gateway could not be
 * reached.
 */
import { ApiProblem, ForeignAnswer, Unreachable } from '../client/src/net/api-client.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { printable, UsageError } from './relay/arguments.ts';
import { auditVerify } from './relay/audit.ts';
import { backup } from './relay/backup.ts';
import { configApply, configExport, configPlan } from './relay/configuration.ts';
import type { Command, Surroundings } from './relay/command.ts';
import { deletionVerify } from './relay/deletion-verify.ts';
import { deidentify } from './relay/deidentify.ts';
import { doctor } from './relay/doctor.ts';
import { addressAsked } from './relay/connect.ts';
import { inspect } from './relay/inspect.ts';
import { receiptVerify } from './relay/receipt-verify.ts';
import { restore } from './relay/restore.ts';
import { sample } from './relay/sample.ts';
import { send } from './relay/send.ts';
import { upload } from './relay/upload.ts';
import { userAdd, userList, userPassword } from './relay/users.ts';
import { VAULT_COMMANDS } from './relay/vault-commands.ts';

const COMMANDS: readonly Command[] = [
  {
    words: ['upload'],
    usage:
      'upload PATH… [--gateway URL] [--token T | --user U] [--policy NAME] [--reason CODE] [--wait] [--json]',
    run: upload,
  },
  {
    words: ['send'],
    usage: 'send FILE [--gateway URL] [--token T | --user U] [--wait] [--json]',
    run: send,
    about: [
      'FILE: studies that a device has saved for a stick. The account that sends needs a role that may send.',
    ],
  },
  {
    words: ['deidentify'],
    usage:
      'deidentify PATH… --out DIR [--options NAME,…] [--undeclared-text hold|warn|send] [--key FILE] [--report FILE]',
    run: deidentify,
    about: [
      '--report FILE: for each file (a number, in path order) the edition, options and methods, the actions by tag path',
      '(no values), digestAfter (SHA-256 of the new file), and reportDigest, which a receipt has too. With --key also',
      'originalDigest: the SHA-256 of the original under that key, as in a receipt.',
    ],
  },
  {
    words: ['doctor'],
    usage: 'doctor URL [--authorization A] [--ca FILE] [--store] [--json]',
    run: doctor,
    about: [
      'Says what is wrong with a PACS and what to change, within a minute.',
      'URL: the DICOMweb root, http://… or https://…; of a PACS over DIMSE dimse://CALLING@HOST:PORT/CALLED, with TLS',
      'dimse-tls://…: the AE titles of the gateway and of the PACS.',
      '--authorization A: the value of an Authorization header; without it PACS_AUTHORIZATION is used, if set.',
      '--ca FILE: a certificate in PEM that is trusted besides the usual ones.',
      '--store: stores two synthetic instances and removes them where the PACS lets it. Without it nothing is written.',
      'Exit codes: 0 nothing fails, 1 something does, 2 wrong usage, 3 the PACS cannot be reached.',
    ],
  },
  {
    words: ['sample'],
    usage: 'sample [--remove] [--studies N] [--anyway] [--gateway URL] [--token T | --user U] [--json]',
    run: sample,
    about: [
      'Invented studies, cases and readings, to look around: by an administrator. Run again it continues where it stopped.',
      '--remove: takes all of it away, in the PACS too, and says what it could not.',
      '--studies N: so many, at most 30.',
      '--anyway: also where a destination deletes nothing for the gateway.',
    ],
  },
  {
    words: ['backup'],
    usage: 'backup FILE|DIR [--gateway URL] [--token T | --user U] [--json]',
    run: backup,
    about: [
      'Makes a backup at the gateway and fetches it: by an administrator. The first one prints the key that opens it.',
    ],
  },
  {
    words: ['restore'],
    usage: 'restore FILE [--key FILE] [--json]',
    run: restore,
    about: [
      'Fills an empty RELAY_DATA_DIR and an empty database from a backup, before the gateway is started.',
      '--key FILE: the file with the key of the backup; without it RELAY_BACKUP_KEY holds the key.',
    ],
  },
  {
    words: ['config', 'export'],
    usage: 'config export [FILE] [--gateway URL] [--token T | --user U]',
    run: configExport,
    about: ['What the site has set, as JSON without secrets: by an administrator.'],
  },
  {
    words: ['config', 'plan'],
    usage: 'config plan FILE [--gateway URL] [--token T | --user U] [--json]',
    run: configPlan,
    about: ['Says what applying the file would change, and changes nothing.'],
  },
  {
    words: ['config', 'apply'],
    usage: 'config apply FILE [--gateway URL] [--token T | --user U] [--json]',
    run: configApply,
    about: ['Brings the site to what the file says, all at once; a file with mistakes changes nothing.'],
  },
  { words: ['inspect'], usage: 'inspect FILE [--json]', run: inspect },
  { words: ['receipt', 'verify'], usage: 'receipt verify FILE --jwks FILE|URL [--json]', run: receiptVerify },
  {
    words: ['deletion', 'verify'],
    usage: 'deletion verify FILE --jwks FILE|URL [--json]',
    run: deletionVerify,
  },
  {
    words: ['audit', 'verify'],
    usage: 'audit verify [--heads FILE] [--gateway URL] [--token T | --user U] [--json]',
    run: auditVerify,
  },
  {
    words: ['user', 'add'],
    usage: 'user add NAME --roles ROLE,… [--gateway URL] [--token T | --user U] [--json]',
    run: userAdd,
  },
  {
    words: ['user', 'password'],
    usage: 'user password NAME [--gateway URL] [--token T | --user U] [--json]',
    run: userPassword,
    about: [
      'Without --gateway, --token and --user: in the database of the gateway on this machine, whether it runs or not. It',
      'is found by RELAY_DATA_DIR and DATABASE_URL, as by npm start; the account that starts RelayPACS may do so.',
    ],
  },
  {
    words: ['user', 'list'],
    usage: 'user list [--gateway URL] [--token T | --user U] [--json]',
    run: userList,
  },
  ...VAULT_COMMANDS,
];

const USAGE = [
  'usage: npm run -s relay -- COMMAND …',
  '',
  ...COMMANDS.map((command) => `  ${command.usage}`),
  '',
  'RELAY_PASSWORD holds the password of --user, RELAY_VAULT_PASSPHRASE that of a half, RELAY_BACKUP_KEY the key of a backup. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 gateway unreachable.',
].join('\n');

/** Runs one command; `args` without the program's name. Never throws. */
export async function relay(args: readonly string[], around: Surroundings): Promise<number> {
  const command = COMMANDS.find(({ words }) => words.every((word, at) => args[at] === word));
  if (!command) {
    const isAsked = args.includes('--help') || args.includes('-h') || args[0] === 'help';
    (isAsked ? around.print : around.say)(USAGE);
    return isAsked ? 0 : 2;
  }
  const rest = args.slice(command.words.length);
  if (rest.includes('--help') || rest.includes('-h')) {
    around.print([`usage: npm run -s relay -- ${command.usage}`, ...(command.about ?? [])].join('\n'));
    return 0;
  }
  try {
    return await command.run(rest, around);
  } catch (error) {
    return codeOf(error, { command, address: printable(addressAsked(rest)) }, around);
  }
}

/** The advice when the API does not answer, or something else does. */
const CHECK_GATEWAY =
  'Check --gateway: it is the address of the API, which npm start prints (http://localhost:8080 unless RELAY_PORT is set), or that of the web app followed by /api.';

const NOT_THE_API = "which did not come from the gateway's API.";

function wordsOf(code: AnyProblemCode): string {
  const { title, next }: { title: string; next?: string } = ALL_PROBLEMS[code];
  return `${title}${next ? ` ${next}` : ''} (${code})`;
}

interface Called {
  readonly command: Command;
  /** The gateway that was asked. */
  readonly address: string;
}

function codeOf(error: unknown, { command, address }: Called, around: Surroundings): number {
  if (error instanceof UsageError) {
    around.say(`${error.message}\nusage: npm run -s relay -- ${command.usage}`);
    return 2;
  }
  if (error instanceof ApiProblem) {
    const exitCode = error.status === 401 ? 2 : 1;
    if (error.anyCode === null) {
      around.say(`${address} answered with status ${error.status}, ${NOT_THE_API} ${CHECK_GATEWAY}`);
      return exitCode;
    }
    const words = error.code === null ? `${error.message} (${error.status})` : wordsOf(error.code);
    const { retryAfterMs: waitMs } = error;
    around.say(waitMs === null ? words : `${words} Try again in ${Math.ceil(waitMs / 1000)} s.`);
    return exitCode;
  }
  if (error instanceof Problem) {
    around.say(wordsOf(error.code));
    return 1;
  }
  if (error instanceof Unreachable) {
    const what =
      error instanceof ForeignAnswer
        ? `${address} answered with a web page or a redirect, ${NOT_THE_API}`
        : `The gateway cannot be reached at ${address}. Check that it runs.`;
    around.say(`${what} ${CHECK_GATEWAY}`);
    return 3;
  }
  around.say(error instanceof Error ? error.message : String(error));
  return 1;
}

if (import.meta.main) {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Error('interrupted')));
  process.once('SIGTERM', () => abort.abort(new Error('interrupted')));
  // The reader may stop reading (`| head`): the command continues.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  // An exit code instead of process.exit, so that output still on its way to a pipe arrives.
  process.exitCode = await relay(process.argv.slice(2), {
    env: process.env,
    signal: abort.signal,
    print: (line) => process.stdout.write(`${line}\n`),
    say: (line) => process.stderr.write(`${line}\n`),
  });
}

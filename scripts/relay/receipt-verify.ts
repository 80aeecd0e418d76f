/**
 * `relay receipt verify FILE --jwks FILE|URL`: exit 0 it holds, 1 it does not, 2 it (or the keys) cannot be
 * read. FILE is a receipt (one compact JWS and nothing else), the sheet of a study (PDF), or the text of a
 * sheet's QR code; that text may also stand in the place of FILE. A changed byte anywhere is found; keys inside
 * the file are not trusted.
 */
import { readFile } from 'node:fs/promises';
import { nameCoerced } from '#shared/protocol/coercion.ts';
import { countPacsReasons } from '#shared/protocol/pacs-reasons.ts';
import {
  countProofs,
  deidentificationOf,
  destinationsOf,
  type Deidentification,
  type DestinationSummary,
  type Receipt,
} from '#shared/protocol/receipt.ts';
import { toReceiptCode, type ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { instancesIn } from '#shared/protocol/same-uid.ts';
import { notStoredSaid } from '#shared/protocol/not-stored-words.ts';
import { causesOf, type WithheldCause } from '#shared/protocol/withheld.ts';
import {
  verifyReceipt,
  verifyReceiptCode,
  verifySheet,
  type JSONWebKeySet,
  type ReceiptFault,
} from '../../client/src/pipeline/upload/accept-receipt.ts';
import type { Surroundings } from './command.ts';
import { onceMore } from '../../client/src/net/once-more.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';

/** A receipt of 20 000 de-identified instances has 8 MB, with a report of its own for each up to 25. */
const FILE_BYTES_LIMIT = 64 * 1024 * 1024;

const FAULTS: Record<ReceiptFault, string> = {
  unreadable: 'The file is not a receipt.',
  signature: 'The signature does not hold: the receipt was changed, or another gateway signed it.',
  'merkle-root': 'The receipt contradicts itself: its Merkle root does not fit its instances.',
  'other-study': 'The receipt is about another study.',
  'instance-missing': 'The receipt does not name every instance.',
};

export async function receiptVerify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['jwks'], flags: ['json'] });
  const [file, ...more] = options.rest;
  const jwks = options.value('jwks');
  if (file === undefined || more.length > 0 || jwks === null)
    throw new UsageError('name one receipt and --jwks');
  const text = IS_CODE.test(file) ? file : await readReceipt(file);
  const keys = await readKeys(jwks, around.signal);
  if (text === null || keys === null) {
    around.say(
      text === null
        ? `The receipt ${printable(file)} does not exist or cannot be read.`
        : `No keys can be read at ${printable(jwks)}. --jwks names /.well-known/jwks.json of the gateway's API, or a file of it.`,
    );
    return 2;
  }
  const found = await check(text, keys);
  if (typeof found === 'string') {
    if (options.flag('json')) around.print(JSON.stringify({ holds: false, fault: found }));
    around.say(FAULTS[found]);
    return found === 'unreadable' ? 2 : 1;
  }
  for (const line of options.flag('json') ? [JSON.stringify(toJson(found))] : toLines(found))
    around.print(line);
  return 0;
}

/** The beginning of a compact JWS, which no path has. */
const IS_CODE = /^eyJ[\w-]{20,}\.[\w-]+\.[\w-]+$/;

type Holds =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  /** A QR code names one receipt, a sheet one for each upload; neither names its instances. */
  | { readonly kind: 'code' | 'sheet'; readonly codes: readonly ReceiptCode[] };

async function check(text: string, keys: JSONWebKeySet): Promise<Holds | ReceiptFault> {
  if (text.startsWith('%PDF-')) {
    const sheet = await verifySheet(text, keys);
    return typeof sheet === 'string' ? sheet : { kind: 'sheet', codes: sheet.receipts };
  }
  const whole = await verifyReceipt(text, keys);
  if (whole.kind === 'holds') return { kind: 'receipt', receipt: whole.checked.receipt };
  const code = await verifyReceiptCode(text, keys);
  return typeof code === 'string' ? whole.fault : { kind: 'code', codes: [code] };
}

function toJson(found: Holds): object {
  if (found.kind === 'receipt') {
    const { receipt } = found;
    return {
      holds: true,
      ...describe(toReceiptCode(receipt)),
      issuer: receipt.iss,
      pacs: receipt.pacs,
      proofs: countProofs(receipt.instances),
      destinations: destinationsOf(receipt),
      deidentification: deidentificationOf(receipt),
      pacsReasons: countPacsReasons(receipt.instances),
    };
  }
  return { holds: true, kind: found.kind, receipts: found.codes.map(describe) };
}

function describe(code: ReceiptCode) {
  const {
    jti,
    iat,
    confirmed,
    studyInstanceUID,
    revision,
    counts,
    firstOnly,
    notStored,
    withheld = {},
  } = code;
  return {
    id: jti,
    issuedAt: toIso(iat),
    ...(confirmed !== undefined && { confirmedAt: toIso(confirmed) }),
    studyInstanceUID,
    revision,
    states: counts,
    withheld,
    ...(firstOnly && { firstOnly }),
    ...(notStored && { notStored }),
  };
}

const toIso = (seconds: number): string => new Date(seconds * 1000).toISOString();

function toLines(found: Holds): string[] {
  if (found.kind !== 'receipt') return found.codes.map((code) => toSentence(code, NAMES[found.kind]));
  const deidentification = deidentificationOf(found.receipt);
  const said = toSentence(toReceiptCode(found.receipt), 'receipt');
  return [
    said,
    ...toProofs(found.receipt),
    ...destinationsOf(found.receipt).map(toDestination),
    ...countPacsReasons(found.receipt.instances).map(toReason),
    ...(deidentification === null
      ? []
      : [toLine(deidentification, instancesIn(found.receipt.instances).length)]),
  ];
}

const PROOFS: Readonly<Record<keyof ReturnType<typeof countProofs>, string>> = {
  found: 'listed by the PACS',
  digest: 'with the same digest in the PACS',
  'read-back': 'read back and compared byte for byte',
  committed: 'that the PACS promised to keep (storage commitment)',
};

/** None: the receipt names no proof. */
function toProofs({ instances }: Receipt): readonly string[] {
  const counts = countProofs(instances);
  const ways = (Object.keys(PROOFS) as (keyof typeof PROOFS)[]).filter((way) => counts[way] > 0);
  return ways.length === 0
    ? []
    : [`Proof: ${ways.map((way) => `${counts[way]} ${PROOFS[way]}`).join(', ')}.`];
}

function toDestination(destination: DestinationSummary): string {
  const { name, pacs, need, givenUpAt, of, there, asPromised, committed, coerced } = destination;
  const said =
    there === null
      ? 'not complete there when this receipt was signed'
      : `${there} of ${of} are there, ${asPromised} of them with the expected digest`;
  const given = givenUpAt === undefined ? '' : `; given up by an administrator, ${givenUpAt}`;
  const changed = coerced === undefined ? '' : `; a rule changed ${nameCoerced(coerced)} there`;
  const kept = committed === 0 ? '' : `; it promised to keep ${committed}`;
  return `Further destination ${name} (${need}), ${pacs}: ${said}${kept}${changed}${given}.`;
}

type CountedReason = ReturnType<typeof countPacsReasons>[number];
const toReason = ({ code, count, says, remedy }: CountedReason): string =>
  `The PACS gave code ${code} for ${count} ${count === 1 ? 'image' : 'images'}: ${says} ${remedy}`;

const NAMES = { code: 'code of a receipt', sheet: 'receipt on paper' } as const;

/** Words for instances that the sender did not promise to send. */
const WITHHELD: Readonly<Record<WithheldCause, string>> = {
  'left-out': 'left out by a person before sending',
  'left-out-name': 'left out by a person: may show a name',
  'left-out-other-patient': 'left out by a person: of another patient',
  'left-out-faulty': 'left out by a person: faulty',
  'left-out-unsafe': 'left out by a person: not allowed by the policy',
  damaged: 'damaged or missing on the disc, and not sent',
  held: 'held back',
};

function toSentence(
  { studyInstanceUID, revision, iat, confirmed, counts, firstOnly, notStored, withheld }: ReceiptCode,
  what: string,
): string {
  const outcomes = [
    ...Object.entries(counts).map(([state, count]) => `${count} ${state}`),
    ...causesOf(withheld).map(([cause, count]) => `${count} ${WITHHELD[cause]}`),
    ...(firstOnly === undefined ? [] : [`${firstOnly} of these in the first PACS only`]),
    ...(notStored === undefined ? [] : [notStoredSaid(notStored, undefined)]),
  ];
  const arrived = confirmed === undefined ? '' : `confirmed ${toIso(confirmed)}, `;
  const times = `${arrived}issued ${toIso(iat)}`;
  return `This ${what} is genuine: study ${studyInstanceUID}, revision ${revision}, ${times}, ${outcomes.join(', ')}.`;
}

function toLine(said: Deidentification, of: number): string {
  const { terms, reports, instances, withoutResidue, covered, released } = said;
  const by = terms
    .map(
      ({ edition, options }) =>
        ` by PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
    )
    .join(' and');
  const how =
    reports === 0
      ? 'De-identified on the device, which did not say how'
      : `De-identified on the device${by}: ${reports} distinct reports for ${instances} of ${of} instances`;
  const byPeople =
    covered + released === 0 ? '' : `; people covered places in ${covered} and released ${released}`;
  return `${how}; the gateway found no residue in ${withoutResidue}${byPeople}.`;
}

export async function readReceipt(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    // Latin-1: every byte stays visible as a character, none is replaced or dropped, so none can be changed
    // unseen.
    return bytes.length > FILE_BYTES_LIMIT ? null : bytes.toString('latin1');
  } catch {
    return null;
  }
}

export async function readKeys(where: string, signal: AbortSignal): Promise<JSONWebKeySet | null> {
  try {
    const text = /^https?:/.test(where)
      ? await onceMore('GET', async () => (await fetch(where, { signal })).text())
      : await readFile(where, 'utf8');
    const keys = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys.keys) ? (keys as JSONWebKeySet) : null;
  } catch {
    return null;
  }
}

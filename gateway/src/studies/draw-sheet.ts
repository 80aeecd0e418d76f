/**
 * Draws the receipt on paper as a PDF: what was sent, when, where, by whom and how it was proven, with a QR code for
 * each receipt and the receipts themselves attached. Sentences come first, with UIDs and codes in small type beneath.
 * The only thing it may say of the patient is the pseudonym.
 */
import encodeQR from 'qr';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { firstOnlyIn, firstOnlyOf } from '#shared/protocol/first-only.ts';
import { firstOnlySaid } from '#shared/protocol/first-only-words.ts';
import {
  countProofs,
  deidentificationOf,
  destinationsOf,
  type Receipt,
  type ReceiptInstance,
} from '#shared/protocol/receipt.ts';
import { notStoredLines } from '#shared/protocol/not-stored-words.ts';
import { instancesIn, notStoredIn } from '#shared/protocol/same-uid.ts';
import { causesOf, countWithheld } from '#shared/protocol/withheld.ts';
import { verifyCommand } from '#shared/protocol/receipt-sheet.ts';
import { openPdf, type PdfPage as Page } from '../http/pdf.ts';
import { describeClasses, sheetWords } from './sheet-words.ts';

/** A receipt with everything that its page shows. */
export type SheetReceipt = {
  readonly receipt: Receipt;
  /** The whole receipt, which is attached to the PDF. */
  readonly jws: string;
  readonly uploadId: string;
  readonly sentAt: Date;
  readonly sender: {
    readonly username: string;
    readonly accountId: string;
    readonly device: { readonly id: string; readonly name: string | null } | null;
  };
  /** The Patient ID that the PACS has, where names were removed; null: it is not known, or names were kept. */
  readonly pseudonym: string | null;
  /** The number of instances by SOP Class UID. */
  readonly classes: ReadonlyMap<string, number>;
};

/** Measures on an A4 page, in points. */
const MARGIN = 48;
const CODE_SIDE = 168;
const TERM_WIDTH = 116;
const INK = '#111418';
const FAINT = '#5a6472';
/** Modules of white around a QR code (ISO/IEC 18004 §9.1). */
const QUIET = 4;

/** Returns the bytes of the PDF, with a page for each receipt. `now`: when it was made. */
export async function drawSheet(receipts: readonly SheetReceipt[], now: Date): Promise<Buffer> {
  const uid = receipts[0]?.receipt.studyInstanceUID ?? '';
  const title = `${sheetWords.title} ${uid}`;
  const document = openPdf({ title, product: sheetWords.product, margin: MARGIN, madeAt: now });
  const pieces: Buffer[] = [];
  document.on('data', (piece: Buffer) => pieces.push(piece));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  document.on('end', resolve).on('error', reject);
  for (const [place, receipt] of receipts.entries()) {
    document.addPage();
    drawPage(document, receipt, { which: place + 1, of: receipts.length, now });
    document.file(Buffer.from(receipt.jws), {
      name: `${receipt.uploadId}.receipt.jws`,
      type: 'application/jose',
      creationDate: now,
      modifiedDate: now,
      description: sheetWords.revision(receipt.receipt.jti, receipt.receipt.revision),
    });
  }
  document.end();
  await promise;
  return Buffer.concat(pieces);
}

type Position = { readonly which: number; readonly of: number; readonly now: Date };

function drawPage(page: Page, sheet: SheetReceipt, { which, of, now }: Position): void {
  const width = page.page.width - 2 * MARGIN;
  const textWidth = width - CODE_SIDE - 24;
  const { code } = sheet.receipt;
  if (code !== undefined) drawCode(page, code, { x: MARGIN + textWidth + 24, y: MARGIN });
  page.fillColor(FAINT).font('Helvetica').fontSize(10).text(sheetWords.product, MARGIN, MARGIN);
  page.fillColor(INK).font('Helvetica-Bold').fontSize(24).text(sheetWords.title, { width: textWidth });
  if (of > 1) page.fillColor(FAINT).font('Helvetica').fontSize(10).text(sheetWords.upload(which, of));
  page.moveDown(0.6);
  page.fillColor(INK).font('Helvetica-Bold').fontSize(14).text(headline(sheet.receipt), { width: textWidth });
  page.y = Math.max(page.y + 18, MARGIN + CODE_SIDE + 24);
  for (const row of rowsOf(sheet)) drawRow(page, row, width);
  page.moveDown(1);
  drawCheck(page, sheet.receipt.iss, width);
  const foot = `${sheetWords.printed(toMinute(now))} · ${sheet.receipt.iss} · ${sheetWords.page(which, of)}`;
  // Stays inside the margin, because pdfkit begins a new page for text below it.
  page.fontSize(8).text(foot, MARGIN, page.page.height - MARGIN - 10, { width, lineBreak: false });
}

/** Draws the complete command that checks the sheet on another computer. */
function drawCheck(page: Page, issuer: string, width: number): void {
  page.fillColor(FAINT).font('Helvetica').fontSize(9).text(sheetWords.check, MARGIN, page.y, { width });
  page.fillColor(INK).font('Courier').fontSize(8).text(verifyCommand(issuer), { width });
  page.fillColor(FAINT).font('Helvetica').fontSize(9).text(sheetWords.checkKeys, { width });
}

/** A term, its sentence, and beneath them in small type what only a support desk reads. */
type SheetRow = { readonly term: string; readonly value: string; readonly small?: string };

function drawRow(page: Page, { term, value, small }: SheetRow, width: number): void {
  const { y } = page;
  const beside = { width: width - TERM_WIDTH };
  page
    .fillColor(FAINT)
    .font('Helvetica')
    .fontSize(10)
    .text(term, MARGIN, y, { width: TERM_WIDTH - 8 });
  const afterTerm = page.y;
  page.x = MARGIN + TERM_WIDTH;
  page.y = y;
  if (value !== '') page.fillColor(INK).text(value, beside);
  if (small !== undefined) page.fillColor(FAINT).fontSize(8).text(small, beside);
  page.y = Math.max(page.y, afterTerm) + 6;
  page.x = MARGIN;
}

/** Draws the QR code row by row: each dark run is one rectangle. */
function drawCode(page: Page, text: string, at: { readonly x: number; readonly y: number }): void {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const side = CODE_SIDE / modules.length;
  page.fillColor('#000000');
  for (const [row, line] of modules.entries())
    for (let start = 0; start < line.length; start += 1) {
      if (line[start] !== true) continue;
      let end = start;
      while (line[end] === true) end += 1;
      page.rect(at.x + start * side, at.y + row * side, (end - start) * side, side);
      start = end;
    }
  page.fill();
}

const THERE: readonly string[] = ['stored', 'coerced', 'already-stored'];

function headline(receipt: Receipt): string {
  const { instances: contents, withheld } = receipt;
  const instances = instancesIn(contents);
  const there = instances.filter(({ state }) => THERE.includes(state)).length;
  const of = instances.length + countWithheld(withheld);
  const first = firstOnlyIn(receipt);
  const firstSaid = first === null ? '' : `${firstOnlySaid(first)}.`;
  if (there === 0) return firstSaid || sheetWords.noneThere;
  if (there === of) return sheetWords.allThere(there);
  return [sheetWords.someThere(there, of), firstSaid].filter(Boolean).join(' ');
}

function rowsOf(sheet: SheetReceipt): readonly SheetRow[] {
  const { receipt, sender, pseudonym } = sheet;
  const { confirmed } = receipt;
  const { terms } = sheetWords;
  const how = proofsOf(receipt);
  return [
    { term: terms.what, value: describeClasses(sheet.classes) },
    ...(pseudonym === null ? [] : [{ term: terms.pseudonym, value: pseudonym }]),
    { term: terms.sent, value: toMinute(sheet.sentAt) },
    ...(confirmed === undefined ? [] : [{ term: terms.when, value: toMinute(new Date(confirmed * 1000)) }]),
    { term: receipt.destinations === undefined ? terms.where : terms.first, value: receipt.pacs },
    ...(how === '' ? [] : [{ term: terms.how, value: how }]),
    ...furtherOf(receipt),
    ...notStoredOf(receipt),
    ...othersOf(receipt),
    {
      term: terms.by,
      value: senderLine(sender),
      ...(sender.device === null ? {} : { small: sheetWords.device(sender.device) }),
    },
    {
      term: terms.names,
      value: namesLine(receipt),
      small: sheetWords.policy(receipt.policy.name, receipt.policy.version),
    },
    { term: terms.study, value: '', small: receipt.studyInstanceUID },
    {
      term: terms.receipt,
      value: '',
      small: sheetWords.issued(receipt, toMinute(new Date(receipt.iat * 1000))),
    },
    { term: terms.root, value: '', small: receipt.root },
  ];
}

function proofsOf({ instances }: Receipt): string {
  const { committed, ...counts } = countProofs(instances);
  const kinds = ['digest', 'read-back', 'found'] as const;
  const proofs = kinds.filter((kind) => counts[kind] > 0).map((kind) => sheetWords.proof[kind](counts[kind]));
  return [...proofs, ...(committed === 0 ? [] : [sheetWords.committed(committed)])].join('; ');
}

/** A receipt has one page, so further destinations are only in the attached receipt. */
const FURTHER_LIMIT = 4;

function furtherOf(receipt: Receipt): readonly SheetRow[] {
  const all = destinationsOf(receipt);
  const rows = all
    .slice(0, FURTHER_LIMIT)
    .map(({ name, pacs, there, of, asPromised, committed, coerced, givenUpAt }, place) => ({
      term: place === 0 ? sheetWords.terms.further : '',
      value: [
        there === null ? sheetWords.unfinished(name) : sheetWords.further(name, there, of, asPromised),
        ...(committed === 0 ? [] : [sheetWords.committed(committed)]),
        ...(coerced === undefined ? [] : [sheetWords.coerced(coerced)]),
        ...(givenUpAt === undefined ? [] : [sheetWords.givenUp(toMinute(new Date(givenUpAt)))]),
      ].join('; '),
      small: pacs,
    }));
  const rest = all.length - rows.length;
  return rest === 0 ? rows : [...rows, { term: '', value: sheetWords.moreOthers(rest) }];
}

const notStoredOf = ({ instances }: Receipt): readonly SheetRow[] =>
  notStoredLines(instances).map((value, place) => ({
    term: place === 0 ? sheetWords.terms.notStored : '',
    value,
  }));

/** A receipt has one page, so rarer kinds of refusals are only in the attached receipt. */
const KINDS_OF_OTHERS = 6;

/**
 * Lists each reason once as a sentence with its count. The reason's code and the PACS's code are in small type beneath.
 */
function othersOf(receipt: Receipt): readonly SheetRow[] {
  const { instances, withheld } = receipt;
  // Instances that are not stored have a row of their own.
  const notStored = new Set(notStoredIn(instances));
  const others = instancesIn(instances).filter((one) => !THERE.includes(one.state) && !notStored.has(one));
  const firstOnly = firstOnlyOf(receipt);
  const first = alikeRows([...firstOnly], sheetWords.terms.firstOnly);
  const rows = alikeRows(
    others.filter((one) => !firstOnly.has(one)),
    sheetWords.terms.others,
  );
  const never = causesOf(withheld).map(([cause, count], place) => ({
    term: rows.length + place === 0 ? sheetWords.terms.others : '',
    value: sheetWords.withheld[cause](count),
  }));
  return [...first, ...rows, ...never];
}

function alikeRows(others: readonly ReceiptInstance[], term: string): readonly SheetRow[] {
  const alike = Map.groupBy(others, ({ state, reason, pacsCode }) => [state, reason, pacsCode].join());
  const groups = [...alike.values()].sort((a, b) => b.length - a.length);
  const rest = groups.slice(KINDS_OF_OTHERS).flat().length;
  const rows = groups.slice(0, KINDS_OF_OTHERS).map((some, place) => {
    const { state, reason, pacsCode } = some[0]!;
    const codes = [reason, pacsCode === undefined ? undefined : sheetWords.pacsCode(pacsCode)];
    const small = codes.filter((code) => code !== undefined).join(', ');
    return {
      term: place === 0 ? term : '',
      value: [
        [sheetWords.outcomes[state as Other](some.length), sentenceOf(reason)].filter(Boolean).join(': '),
        ...(pacsCode === undefined ? [] : [sheetWords.pacsSays(pacsCode)]),
      ].join(' '),
      ...(small === '' ? {} : { small }),
    };
  });
  return [...rows, ...(rest === 0 ? [] : [{ term: '', value: sheetWords.moreOthers(rest) }])];
}

type Other = Exclude<ReceiptInstance['state'], 'stored' | 'coerced' | 'already-stored'>;

/** For a left-out instance, it is enough to say that a person left it out. */
function sentenceOf(reason: string | undefined): string {
  if (reason === undefined || reason === 'left-out') return '';
  return reason in REASONS ? REASONS[reason as ReasonCode].title : sheetWords.unknownReason;
}

/** The standard fonts of PDF hold Latin-1 only, so a name in another script is replaced by the account's id. */
function senderLine({ username, accountId, device }: SheetReceipt['sender']): string {
  const who = /^[\x20-\x7e\xa0-\xff]*$/.test(username) ? username : sheetWords.account(accountId);
  return `${who}, ${device === null ? sheetWords.signedIn : sheetWords.fromDevice}`;
}

function namesLine(receipt: Receipt): string {
  const said = deidentificationOf(receipt);
  if (said === null) return sheetWords.withNames;
  const by = said.terms.map(({ edition, options }) => sheetWords.deidentified(edition, options));
  const { covered, released } = said;
  return [
    ...by,
    sheetWords.checked(said.withoutResidue),
    ...(covered > 0 ? [sheetWords.covered(covered)] : []),
    ...(released > 0 ? [sheetWords.released(released)] : []),
  ].join('; ');
}

/** For example "2026-11-22 06:51 UTC". UTC, so that everybody reads the same time. */
function toMinute(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

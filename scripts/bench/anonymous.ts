/**
 * An anonymous export of 50 000 made-up people, each with typed notes: read, cleaned, grouped, written to a file, and
 * the file searched for all of them. The PACS and the database are left out: what is measured is what the export keeps.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EXPORT_FIELD_NAMES, type ExportField } from '#shared/protocol/exports.ts';
import { createAnonymousThread } from '../../gateway/src/exports/anonymous/anonymous-thread.ts';
import { releaseOf } from '../../gateway/src/exports/release-rows.ts';
import type { Cell, SourceRow } from '../../gateway/src/exports/source-row.ts';
import { writeTable } from '../../gateway/src/exports/write-table.ts';

const two = (value: number): string => `${value}`.padStart(2, '0');
/** Letters that no list has, others for each person. */
const nameOf = (at: number): string =>
  `Qz${[...`${100_000 + at}`].map((digit) => 'bdfghjklmn'[Number(digit)]).join('')}vex`;

function rowOf(at: number): SourceRow {
  const told = `Seen with ${nameOf(at)} (PAT-${700_000 + at}): fracture of the left wrist`;
  const cells: Partial<Record<ExportField, Cell>> = {
    caseId: `0f8c7d1e-0000-4000-8000-${500_000_000_000 + at}`,
    pseudonym: `P-7QF2-${100_000 + at}`,
    patientName: `${nameOf(at)}^Ana`,
    patientId: `PAT-${700_000 + at}`,
    accessionNumbers: [`ACC${800_000 + at}`],
    birthDate: `19${two(20 + (at % 80))}${two(1 + (at % 12))}${two(1 + (at % 28))}`,
    studyDates: ['20260511'],
    studies: [`2.25.3298007356985866292956${419_000 + at}`],
    month: `2026-${two(1 + (at % 12))}`,
    notes: [told],
    sex: at % 2 === 0 ? 'F' : 'M',
    modalities: [['CT', 'MR', 'DX'][at % 3]!],
    bodyParts: [['CHEST', 'HEAD', 'KNEE', 'SPINE'][at % 4]!],
    site: 'North',
    finding: 'positive',
    models: ['pneumonia'],
    scores: [at / 7919],
    reasons: [told],
  };
  return new Map(Object.entries(cells) as [ExportField, Cell][]);
}

/** Each page has its turn, as where a database is read. */
async function* rowsOf(count: number): AsyncGenerator<SourceRow> {
  for (let at = 0; at < count; at += 1) yield rowOf(at);
}

export async function exportAnonymously(count: number, path: string): Promise<void> {
  const tools = { thread: createAnonymousThread(), signal: new AbortController().signal };
  const released = releaseOf('anonymous', tools).release(rowsOf(count), EXPORT_FIELD_NAMES);
  await pipeline(Readable.from(writeTable('csv', released)), createWriteStream(path));
  await released.prove?.('csv', () => createReadStream(path));
}

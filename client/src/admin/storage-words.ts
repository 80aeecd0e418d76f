/** The words of the page of the gateway's storage. */
import type { STORED } from '#shared/protocol/storage.ts';
import { counted } from '../kit/counted.ts';

export const storageWords = {
  intro: 'What the gateway keeps on its disk. Studies leave it as soon as the PACS has confirmed them.',
  disk: 'Disk',
  free: (free: string, all: string) => `${free} free of ${all}`,
  floor: (floor: string) =>
    `Below ${floor} of free space, nothing new is taken, and studies wait on their devices.`,
  low: 'The disk is full, so nothing new is taken.',
  lowNext:
    'Studies wait on their devices; nothing is lost. Make room on the gateway’s disk: keep fewer backups, or delete what other programs left there.',
  parts: 'What occupies it',
  part: {
    database: 'Database',
    parcels: 'Studies on their way',
    files: 'Files of other programs, on their way',
    inputs: 'Images that models examine',
    exports: 'Files of exports',
    models: 'Models that were added',
    audit: 'Audit trail: signed heads and archive',
    backups: 'Backups',
    logs: 'Log files',
    pacs: 'The built-in PACS, with its images',
    viewer: 'Built-in viewer',
    reserve: 'Room kept back for the database',
    other: 'Keys and other files',
  } satisfies Record<(typeof STORED)[number], string>,
  elsewhere: 'on another disk or machine',
  tables: 'The largest tables of the database',
  rows: (count: string) => `about ${count} rows`,
  orphans: 'Files that nothing needs',
  orphanCount: (files: number, bytes: string) =>
    `${counted(files, 'file', 'files')}, ${bytes}: left behind when the gateway was ended in the middle of its work.`,
  noOrphans: 'None. They are looked for every ten minutes.',
  remove: 'Remove them now',
} as const;

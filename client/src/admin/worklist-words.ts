/** The words of the sheet for a worklist, and of the import of orders. */
import { counted } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';

export const worklistWords = {
  button: 'Worklist',
  title: (name: string) => `Worklist of ${name}`,
  what: 'People who send with names pick the order of a study from it. Leave the address empty where there is none.',
  address: 'Address of the modality worklist (DIMSE)',
  example: 'dimse://RELAYPACS@ris.example.org:104/WORKLIST',
  mistake: 'This is not an address of a worklist.',
  mistakeNext:
    'Write dimse:// or dimse-tls://, the gateway’s AE title, @, the host, its port, and the AE title of the worklist, as in the example.',
};

/** The words of the sheet that imports a list. */
export const importWords = {
  button: 'Import orders',
  title: 'Import a list of orders',
  what:
    'A CSV file, “CSV UTF-8” where names have accents. Its first row names the columns patientName (Family^Given), patientId and scheduledOn (2026-11-23). They stay encrypted for 30 days. ' +
    'A technician picks an order before sending under a policy that keeps names; under others, none is shown.',
  further:
    'Further columns: scheduledAt, issuer, birthDate, sex, accessionNumber, procedureId, stepId, description, modality.',
  file: 'CSV file',
  valid: (count: number) => `${counted(count, 'order', 'orders')}, and nothing is wrong with the list.`,
  imported: (count: number) => `${counted(count, 'order was', 'orders were')} imported.`,
  bring: (count: number) => `Import ${counted(count, 'order', 'orders')}`,
  done: 'Close',
  faulty: (count: number) => `Nothing was imported: ${counted(count, 'fault', 'faults')} in the list`,
  more: (count: number) => `and ${formatCount(count)} more`,
  fault: {
    missing: (row: number, column: string) =>
      row === 1 ? `There is no column ${column}.` : `Row ${row}: ${column} is missing.`,
    invalid: (row: number, column: string) => `Row ${row}: ${column} is not valid.`,
    repeated: (row: number) => `Row ${row} repeats an order of an earlier row.`,
    broken: (row: number) => `From row ${row} on, the file is not CSV.`,
    'too-many': (row: number) => `From row ${row} on, there are more orders than one list may have.`,
  },
};

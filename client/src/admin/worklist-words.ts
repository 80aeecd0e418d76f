/** The words of the sheet for a worklist, and of the import of orders. */
import { counted } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';

export const worklistWords = {
  button: 'Worklist',
  title: (name: string) => `Worklist of ${name}`,
  what: 'People who send studies with names can choose an order from the worklist. If there is no worklist, leave the address empty.',
  address: 'Address of the modality worklist (DIMSE)',
  example: 'dimse://RELAYPACS@ris.example.org:104/WORKLIST',
  mistake: 'This is not a valid worklist address.',
  mistakeNext:
    'Use the format of the example: dimse:// or dimse-tls://, the gateway’s AE title, @, host, port, and the AE title of the worklist.',
};

/** The words of the sheet that imports a list. */
export const importWords = {
  button: 'Import orders',
  title: 'Import a list of orders',
  what:
    'Choose a CSV file. If names have accents, save it as “CSV UTF-8”. The first row must contain the columns patientName (Family^Given), patientId and scheduledOn (2026-11-23). ' +
    'Orders are stored encrypted for 30 days. Technicians can choose an order before sending with a policy that keeps names. Under other policies, no orders are shown.',
  further:
    'Optional columns: scheduledAt, issuer, birthDate, sex, accessionNumber, procedureId, stepId, description, modality.',
  file: 'CSV file',
  valid: (count: number) => `The list is valid: ${counted(count, 'order', 'orders')}.`,
  imported: (count: number) => `${counted(count, 'order was', 'orders were')} imported.`,
  bring: (count: number) => `Import ${counted(count, 'order', 'orders')}`,
  done: 'Close',
  faulty: (count: number) => `Nothing was imported: ${counted(count, 'error', 'errors')} in the list`,
  more: (count: number) => `and ${formatCount(count)} more`,
  fault: {
    missing: (row: number, column: string) =>
      row === 1 ? `The column ${column} is missing.` : `Row ${row}: ${column} is missing.`,
    invalid: (row: number, column: string) => `Row ${row}: ${column} is not valid.`,
    repeated: (row: number) => `Row ${row} repeats an order of an earlier row.`,
    broken: (row: number) => `The file is not valid CSV from row ${row} on.`,
    'too-many': (row: number) => `The list has too many orders. The limit is reached at row ${row}.`,
  },
};

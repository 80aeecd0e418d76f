/**
 * Reads a list of orders from CSV, row by row, and says what is wrong in which row. A fault contains no value of the
 * list. Dates have the form 2026-11-23 or 20261123.
 */
import {
  IMPORT_FAULTS_LIMIT,
  IMPORT_ROWS_LIMIT,
  ORDER_COLUMNS,
  orderSchema,
  type Order,
  type OrderColumn,
  type OrderFault,
} from '#shared/protocol/worklist.ts';
import { CsvBroken, type CsvRow } from '../http/csv.ts';
import { readCsv } from '../http/read-csv.ts';
import { identityOf } from './order.store.ts';

export type ReadOrders = {
  readonly orders: readonly Order[];
  /** At most IMPORT_FAULTS_LIMIT. */
  readonly faults: readonly OrderFault[];
  readonly moreFaults: number;
};

const NEEDED: readonly OrderColumn[] = ['patientName', 'patientId', 'scheduledOn'];

type Faults = { readonly listed: OrderFault[]; more: number };

function note(faults: Faults, row: number, column: OrderColumn | null, fault: OrderFault['fault']): void {
  if (faults.listed.length === IMPORT_FAULTS_LIMIT) faults.more += 1;
  else faults.listed.push({ row, column, fault });
}

/** Throws what `pieces` throws. */
export async function readOrders(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ReadOrders> {
  const faults: Faults = { listed: [], more: 0 };
  /** Keyed by the identity of the order. */
  const orders = new Map<string, Order>();
  try {
    // The header, and one row more than allowed, which shows that there are too many.
    await readRows(readCsv(pieces, IMPORT_ROWS_LIMIT + 2, signal), orders, faults);
  } catch (error) {
    if (!(error instanceof CsvBroken)) throw error;
    note(faults, error.row, null, 'broken');
  }
  return { orders: [...orders.values()], faults: faults.listed, moreFaults: faults.more };
}

async function readRows(
  rows: AsyncIterable<CsvRow>,
  orders: Map<string, Order>,
  faults: Faults,
): Promise<void> {
  let columns: readonly (OrderColumn | null)[] | null = null;
  let count = 0;
  for await (const { row, cells } of rows) {
    if (columns === null) {
      columns = cells.map(columnOf);
      const missing = NEEDED.filter((column) => !columns!.includes(column));
      for (const column of missing) note(faults, row, column, 'missing');
      if (missing.length > 0) return;
      continue;
    }
    count += 1;
    if (count > IMPORT_ROWS_LIMIT) return note(faults, row, null, 'too-many');
    const order = readRow(columns, cells, (column, fault) => note(faults, row, column, fault));
    if (order === null) continue;
    const identity = identityOf(order);
    if (orders.has(identity)) note(faults, row, null, 'repeated');
    else orders.set(identity, order);
  }
  if (columns === null) for (const column of NEEDED) note(faults, 1, column, 'missing');
}

/** Finds the column of a header. People and spreadsheets spell headers in many ways: `Patient ID` is `patientId`. */
function columnOf(header: string): OrderColumn | null {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
  return ORDER_COLUMNS.find((column) => plain(column) === plain(header)) ?? null;
}

/** Null: the row has a fault. */
function readRow(
  columns: readonly (OrderColumn | null)[],
  cells: readonly string[],
  fault: (column: OrderColumn | null, fault: OrderFault['fault']) => void,
): Order | null {
  const said = Object.fromEntries(
    ORDER_COLUMNS.map((column): [OrderColumn, string | null] => [column, null]),
  );
  columns.forEach((column, at) => {
    if (column !== null) said[column] = toValue(column, cells[at]?.trim() ?? '');
  });
  const parsed = orderSchema.safeParse(said);
  if (parsed.success) return parsed.data;
  const wrong = new Set(parsed.error.issues.map(({ path }) => path[0] as OrderColumn));
  for (const column of wrong) fault(column, said[column] === null ? 'missing' : 'invalid');
  return null;
}

function toValue(column: OrderColumn, cell: string): string | null {
  if (cell === '') return null;
  if (column === 'scheduledOn' || column === 'birthDate')
    return cell.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  if (column === 'scheduledAt')
    return cell.replace(/^(\d\d)(\d\d)(\d\d)?$/, '$1:$2').replace(/^(\d:)/, '0$1');
  if (column === 'sex' || column === 'modality') return cell.toUpperCase();
  return cell;
}

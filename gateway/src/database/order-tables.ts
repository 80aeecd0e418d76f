/** The tables of orders. Values that name a patient are sealed with the key of their list (order.store.ts). */
import type { ColumnType } from 'kysely';

type OrderListTable = {
  id: string;
  site_id: string;
  /** Half of the list's key; the other half is a file (pipeline/stores/study-key.ts). */
  wrapped_key: ColumnType<Uint8Array, Uint8Array, never>;
  imported_by: string;
  imported_at: Date;
  expires_at: Date;
};

type ImportedOrderTable = {
  site_id: string;
  list_id: string;
  /** Keyed hashes of the order's numbers and of its day. */
  order_print: string;
  day_print: string;
  sealed: Uint8Array;
};

/** A person's statement that a study belongs to this order. */
type OrderChoiceTable = {
  site_id: string;
  study_instance_uid: string;
  order_print: string;
  chosen_at: Date;
  chosen_by: string;
};

export type OrderTables = {
  order_list: OrderListTable;
  imported_order: ImportedOrderTable;
  order_choice: OrderChoiceTable;
};

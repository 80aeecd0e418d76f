/**
 * A list as a table: a row for each item, sorted by a press on a heading, with columns that a person chooses. The
 * name has the room that the others leave. Where a list is narrower than 58 rem each row becomes two
 * lines: the name with its state, and the rest. A press anywhere in a
 * row opens it; arrow keys, j and k move between rows.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';
import { keepHere, keptHere } from './kept-here.ts';
import { kitWords } from './kit-words.ts';
import { Sheet } from './Sheet.tsx';
import { shownColumnsOf, type ShownColumns } from './shown-columns.ts';
import { focusedRow, walkRows } from './walk-rows.ts';
import './list-table.css';

const words = kitWords.list;

/** Written out, because in Safari the parts of a table that are drawn as two lines lose their roles. */
const ROLES = {
  table: { role: 'table' },
  rowgroup: { role: 'rowgroup' },
  row: { role: 'row' },
  columnheader: { role: 'columnheader' },
  rowheader: { role: 'rowheader' },
  cell: { role: 'cell' },
} as const;

/** An order of the list. The first of a column is the one that the first press on its heading chooses. */
type Order<Sort extends string> = { readonly sort: Sort; readonly is: 'ascending' | 'descending' };

export type Column<Row, Sort extends string = never> = {
  readonly id: string;
  readonly label: string;
  /** The content of a cell. Null, false or empty: nothing. */
  readonly cell: (row: Row) => ComponentChildren;
  readonly orders?: readonly Order<Sort>[];
  /**
   * The column's track in the grid of the list. If absent it is as wide as its longest value, and cut at an eighth of
   * the list. A column whose values arrive after the rows has a part of the list, so that no other column moves.
   */
  readonly track?: string;
  /** In two lines this cell stands beside the name. */
  readonly isState?: boolean;
  /** In two lines the label stands before the value, which would not explain itself. */
  readonly isLabelled?: boolean;
  /** Hidden until a person chooses it. */
  readonly isExtra?: boolean;
  /** Always shown, because a person acts in it. */
  readonly isKept?: boolean;
};

type Selection<Row> = {
  isChosen(row: Row): boolean;
  toggle(row: Row): void;
  all(): void;
  none(): void;
  labelOf(row: Row): string;
};

type ListTableProps<Row, Sort extends string> = {
  /** The list’s name in storage, for its columns. */
  readonly id: string;
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The first column is the name: it links to the row’s page and is always shown. */
  readonly name: Pick<Column<Row>, 'label' | 'cell' | 'track'>;
  /** Null: rows have no page, or none that this person may open. */
  readonly hrefOf: ((row: Row) => string) | null;
  readonly columns: readonly Column<Row, Sort>[];
  /** Absent: the list has one order. */
  readonly sort?: Sort | undefined;
  readonly onSort?: ((sort: Sort) => void) | undefined;
  /** The key of the row whose details are shown. */
  readonly current?: string | undefined;
  /** Content below a row, as wide as the table. Null or absent: none. */
  readonly under?: (row: Row) => ComponentChildren;
  /** Null or absent: rows cannot be selected. */
  readonly selection?: Selection<Row> | null;
  /** Shown in place of the table while there are no rows. */
  readonly empty: ComponentChildren;
  /** Shown above the table, beside the button for its columns. */
  readonly children?: ComponentChildren;
};

export function ListTable<Row, Sort extends string = never>(props: ListTableProps<Row, Sort>) {
  const { id, columns, rows } = props;
  const chosen = useMemo(() => shownColumnsOf(id, columns), [id, columns]);
  const shown = columns.filter((column) => chosen.shown.value.has(column.id));
  // Outside the table, whose cells do not wrap their words.
  const [isChoosing, setChoosing] = useState(false);
  const toChoose = () => setChoosing(true);
  return (
    <div class="list-table-place">
      <div class="list-head">
        {props.children}
        {rows.length > 0 && <ColumnsButton onPress={toChoose} />}
      </div>
      {rows.length === 0 ? props.empty : <Table {...props} shown={shown} onColumns={toChoose} />}
      {isChoosing && (
        <ColumnsSheet
          columns={columns.filter(({ isKept = false }) => !isKept)}
          chosen={chosen}
          onClose={() => setChoosing(false)}
        />
      )}
    </div>
  );
}

type TableProps<Row, Sort extends string> = ListTableProps<Row, Sort> & {
  readonly shown: readonly Column<Row, Sort>[];
  readonly onColumns: () => void;
};

function Table<Row, Sort extends string>(props: TableProps<Row, Sort>) {
  const { id, label, rows, keyOf, name, shown, onColumns, selection = null, sort, onSort } = props;
  const table = useRef<HTMLTableElement>(null);
  useLayoutEffect(() => focusOpened(table.current!, `${id} row`), [id]);
  const tick = selection === null ? '' : TICK;
  const tracks = [tick, name.track ?? 'minmax(20%, 1fr)', ...shown.map(trackOf), TICK].join(' ');
  return (
    <table
      ref={table}
      class="list-table"
      {...ROLES.table}
      aria-label={label}
      style={{ '--tracks': tracks }}
      onClick={(event) => keepOpened(event, `${id} row`)}
      onKeyDown={(event) => walk(event, table.current!, { rows, selection })}
    >
      <thead {...ROLES.rowgroup}>
        <tr {...ROLES.row}>
          {selection !== null && (
            <th {...ROLES.columnheader} scope="col" class="list-tick">
              <TickAll rows={rows} selection={selection} />
            </th>
          )}
          <th {...ROLES.columnheader} scope="col">
            {name.label}
          </th>
          {shown.map((column) => (
            <Heading key={column.id} {...{ column, sort, onSort }} />
          ))}
          <th {...ROLES.columnheader} scope="col">
            <ColumnsButton onPress={onColumns} />
          </th>
        </tr>
      </thead>
      <tbody {...ROLES.rowgroup}>
        {rows.map((row) => (
          <OneRow key={keyOf(row)} {...props} row={row} isCurrent={keyOf(row) === props.current} />
        ))}
      </tbody>
    </table>
  );
}

/** Remembers which row is opened, for `focusOpened`. */
function keepOpened({ target }: MouseEvent, of: string): void {
  const href = (target as Element).closest('.list-link')?.getAttribute('href');
  if (href) keepHere(of, href);
}

/** A person who comes back to the list continues at the row that they had opened. */
function focusOpened(table: HTMLElement, of: string): void {
  const href = keptHere(of);
  const isElsewhere = document.activeElement?.matches('body, #content h1') === false;
  if (href === undefined || isElsewhere) return;
  const links = [...table.querySelectorAll<HTMLElement>('.list-link')];
  links.find((link) => link.getAttribute('href') === href)?.focus();
}

const TICK = '44px';

const trackOf = ({ track = 'fit-content(12.5%)' }: Pick<Column<never>, 'track'>): string => track;

type OneRowProps<Row, Sort extends string> = TableProps<Row, Sort> & {
  readonly row: Row;
  readonly isCurrent: boolean;
};

function OneRow<Row, Sort extends string>(props: OneRowProps<Row, Sort>) {
  const { row, isCurrent, name, hrefOf, shown, selection, under } = props;
  const below = under?.(row) ?? null;
  return (
    <>
      {/* A larger target for a pointer; the keyboard has the link. */}
      <tr
        {...ROLES.row}
        data-chosen={isCurrent || selection?.isChosen(row)}
        data-opens={hrefOf !== null}
        onClick={hrefOf === null ? undefined : openRow}
      >
        {selection && <Tick row={row} selection={selection} />}
        <th {...ROLES.rowheader} scope="row" class="list-name">
          {hrefOf === null ? (
            <span class="list-plain">{name.cell(row)}</span>
          ) : (
            <a class="list-link" href={hrefOf(row)} aria-current={isCurrent ? 'true' : undefined}>
              {name.cell(row)}
            </a>
          )}
        </th>
        {shown.map((column) => (
          <Cell key={column.id} column={column} row={row} />
        ))}
        <td {...ROLES.cell} class="list-none" />
      </tr>
      {below !== null && (
        <tr {...ROLES.row} class="list-under">
          <td {...ROLES.cell} aria-colspan={shown.length + (selection ? 3 : 2)}>
            {below}
          </td>
        </tr>
      )}
    </>
  );
}

/** A press beside the link opens the row too, unless it was on a control or ended a selection of text. */
function openRow(event: MouseEvent & { readonly currentTarget: HTMLElement }) {
  const isControl = (event.target as Element).closest('a, button, label, input') !== null;
  if (!isControl && getSelection()?.isCollapsed !== false)
    event.currentTarget.querySelector<HTMLElement>('.list-link')!.click();
}

type HeadingProps<Row, Sort extends string> = Pick<ListTableProps<Row, Sort>, 'sort' | 'onSort'> & {
  readonly column: Column<Row, Sort>;
};

function Heading<Row, Sort extends string>({ column, sort, onSort }: HeadingProps<Row, Sort>) {
  const { label, orders = [] } = column;
  const at = orders.findIndex((order) => order.sort === sort);
  const next = orders[(at + 1) % orders.length];
  const is = orders[at]?.is;
  const said = (
    <>
      {label}
      {is !== undefined && <Icon name={is === 'ascending' ? 'up' : 'down'} size={16} />}
    </>
  );
  return (
    <th
      {...ROLES.columnheader}
      scope="col"
      aria-sort={is ?? (next !== undefined && onSort !== undefined ? 'none' : undefined)}
    >
      {next === undefined || next.sort === sort || onSort === undefined ? (
        <span class="list-sort">{said}</span>
      ) : (
        <button type="button" class="list-sort" onClick={() => onSort(next.sort)}>
          {said}
        </button>
      )}
    </th>
  );
}

function Cell<Row>({ column, row }: { readonly column: Column<Row, string>; readonly row: Row }) {
  const said = column.cell(row);
  if (said === null || said === undefined || said === false || said === '')
    return <td {...ROLES.cell} class="list-none" />;
  return (
    <td
      {...ROLES.cell}
      class={column.isState === true ? 'list-state' : 'list-fact'}
      data-label={column.isLabelled === true ? column.label : undefined}
      title={typeof said === 'string' ? said : undefined}
    >
      {said}
    </td>
  );
}

function Tick<Row>({ row, selection }: { readonly row: Row; readonly selection: Selection<Row> }) {
  return (
    <td {...ROLES.cell} class="list-tick">
      <label>
        <input
          type="checkbox"
          class="tick"
          aria-label={selection.labelOf(row)}
          checked={selection.isChosen(row)}
          onChange={() => selection.toggle(row)}
        />
      </label>
    </td>
  );
}

type TickAllProps<Row> = { readonly rows: readonly Row[]; readonly selection: Selection<Row> };

function TickAll<Row>({ rows, selection }: TickAllProps<Row>) {
  const areChosen = rows.every((row) => selection.isChosen(row));
  return (
    <label>
      <input
        type="checkbox"
        class="tick"
        aria-label={words.all}
        checked={areChosen}
        onChange={() => (areChosen ? selection.none() : selection.all())}
      />
    </label>
  );
}

function ColumnsButton({ onPress }: { readonly onPress: () => void }) {
  return (
    <button
      type="button"
      class="button button-bare list-columns"
      aria-haspopup="dialog"
      aria-label={words.columns}
      onClick={onPress}
    >
      <Icon name="settings" size={20} />
      <span class="list-columns-word">{words.columns}</span>
    </button>
  );
}

type ColumnsSheetProps = {
  readonly columns: readonly Pick<Column<never>, 'id' | 'label'>[];
  readonly chosen: ShownColumns;
  readonly onClose: () => void;
};

function ColumnsSheet({ columns, chosen, onClose }: ColumnsSheetProps) {
  return (
    <Sheet title={words.columns} onClose={onClose}>
      <fieldset>
        <legend class="quiet">{words.columnsWhat}</legend>
        {columns.map(({ id, label }) => (
          <label key={id} class="choice">
            <input
              type="checkbox"
              class="tick"
              checked={chosen.shown.value.has(id)}
              onChange={() => chosen.toggle(id)}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <form method="dialog" class="sheet-actions">
        <button type="submit" class="button">
          {kitWords.done}
        </button>
      </form>
    </Sheet>
  );
}

type Walked<Row> = {
  readonly rows: readonly Row[];
  readonly selection: Selection<Row> | null;
};

/** Moves between rows. x selects a row, Shift and x all shown, Escape none. */
function walk<Row>(event: KeyboardEvent, table: HTMLElement, { rows, selection }: Walked<Row>) {
  const links = [...table.querySelectorAll<HTMLElement>('.list-link')];
  const row = rows[focusedRow(links)];
  if (walkRows(event, links)) return;
  if (selection === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'x' && row !== undefined) selection.toggle(row);
  else if (event.key === 'X') selection.all();
  else if (event.key === 'Escape') selection.none();
  else return;
  event.preventDefault();
}

/**
 * A list that is read page by page, each page starting where the previous one ends. The latest question counts: its
 * first page replaces what is shown, and an answer to an earlier question is dropped. Each row appears once.
 */
import { createResource, type Resource } from './resource.ts';

export interface PagedList<Page, Trouble, Question = void> extends Resource<Page, Trouble> {
  /** Reads the first page for a new question. */
  load(question: Question): Promise<void>;
  /**
   * Reads the next page for the question whose rows are shown. Does nothing at the end of the list or while another
   * page is being read.
   */
  more(): Promise<void>;
  /**
   * Reads the first page again, unless a page is being read. If it still reaches the rows below it, these stay, and so
   * does the position where the next page starts.
   */
  refresh(): Promise<void>;
}

/** `next`: the cursor of the following page; null: there is none. */
type Paged = { readonly next: string | null };
type RowIn<Page, Rows extends keyof Page> = Page[Rows] extends readonly (infer Row)[] ? Row : never;

type Pages<Page extends Paged, Rows extends keyof Page, Question> = {
  /** The property of a page that contains its rows. */
  readonly rows: Rows;
  readonly idOf: (row: RowIn<Page, Rows>) => unknown;
  readonly read: (question: Question, cursor: string | null, signal: AbortSignal) => Promise<Page>;
  /** Other parts of the earlier pages that belong to their rows. */
  readonly kept?: (before: Page, page: Page) => Partial<Page>;
};

export function createPagedList<Page extends Paged, Rows extends keyof Page, Trouble, Question = void>(
  troubleOf: (error: unknown) => Trouble,
  { rows, idOf, read, kept }: Pages<Page, Rows, Question>,
): PagedList<Page, Trouble, Question> {
  type Asked = { readonly question: Question };
  type Row = RowIn<Page, Rows>;
  const list = createResource<Page, Trouble>(troubleOf);
  let asked: Asked | null = null;
  let shown: Asked | null = null;
  /** Where the page begins that is being read, or was read last. */
  let from: string | null = null;

  const rowsOf = (page: Page) => page[rows] as readonly Row[];
  const joined = (page: Page, above: readonly Row[], below: readonly Row[]): Page => {
    const ids = new Set(above.map(idOf));
    return { ...page, [rows]: [...above, ...below.filter((row) => !ids.has(idOf(row)))] };
  };
  const below = (before: Page, page: Page): Page => ({
    ...joined(page, rowsOf(before), rowsOf(page)),
    ...kept?.(before, page),
  });
  const above = (before: Page, page: Page): Page => {
    const last = rowsOf(page).at(-1);
    const at = last === undefined ? -1 : rowsOf(before).findIndex((row) => idOf(row) === idOf(last));
    const rest = page.next === null || at < 0 ? [] : rowsOf(before).slice(at + 1);
    return rest.length === 0 ? page : { ...joined(page, rowsOf(page), rest), next: before.next };
  };

  /** `join`: combines the page with the rows already shown for the same question. */
  const ask = (of: Asked, cursor: string | null, join: (before: Page, page: Page) => Page): Promise<void> => {
    from = cursor;
    return list.ask(async (signal) => {
      const page = await read(of.question, cursor, signal);
      signal.throwIfAborted();
      const before = shown === of ? list.value.peek() : null;
      shown = of;
      return before === null ? page : join(before, page);
    });
  };
  return {
    ...list,
    async load(question) {
      asked = { question };
      await ask(asked, null, above);
    },
    async more() {
      const next = list.value.peek()?.next;
      // A person does not wait for a refresh, which begins again later.
      const isFree = !list.isAsking.peek() || (asked === shown && from === null);
      if (shown !== null && next && isFree) await ask(shown, next, below);
    },
    async refresh() {
      if (asked !== null && !list.isAsking.peek()) await ask(asked, null, above);
    },
  };
}

/**
 * A list of any length that scrolls with the page or a sheet and draws only what the window shows: rows in it at once,
 * nearby rows when the browser has time. Rows may differ in height; each is measured when it is drawn. Short lists are
 * drawn completely, so that searching in the page and printing work.
 */
import { Component, type ComponentChildren, type RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { afterDrawing } from './after-drawing.ts';
import { rowsAtOnce, topsOf, visibleRows, type RowRange } from './visible-rows.ts';

/** With fewer rows, drawing all of them costs less than finding out which to draw. */
const WHOLE = 40;
/** Rows drawn above and below the window, in px: about one flick of a thumb. */
const MARGIN = 600;

type VirtualListProps<T> = {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** Height of a row not yet drawn, in px. */
  readonly estimate: number;
  /** Must depend on the item alone, because a row is redrawn only when its item changes. */
  readonly render: (item: T) => ComponentChildren;
  readonly label: string;
  readonly class?: string;
};

export function VirtualList<T>({
  items,
  keyOf,
  estimate,
  render,
  label,
  class: className = '',
}: VirtualListProps<T>) {
  const list = useRef<HTMLOListElement>(null);
  const known = useRef(new Map<string, number>());
  const [measuredAt, setMeasuredAt] = useState(0);
  const whole = items.length <= WHOLE;
  const heights = useMemo(() => {
    if (whole) return null;
    // Computing ten thousand keys is worthwhile only if some heights are known.
    if (known.current.size === 0) return new Float64Array(items.length).fill(estimate);
    return Float64Array.from(items, (item) => known.current.get(keyOf(item)) ?? estimate);
  }, [items, estimate, whole]);
  const tops = useMemo(() => heights && topsOf(heights), [heights, measuredAt]);
  const { from, to } = useDrawnRows(list, { items, keyOf, estimate, tops });
  const watch = useRowHeights(known.current, heights, setMeasuredAt);
  useLayoutEffect(() => watch(heights ? list.current!.children : []), [heights, from, to]);

  const space = tops
    ? { paddingBlockStart: `${tops[from]}px`, paddingBlockEnd: `${tops[items.length]! - tops[to]!}px` }
    : {};
  return (
    <ol ref={list} class={className} aria-label={label} style={space}>
      {items.slice(from, to).map((item, offset) => (
        <Row
          key={keyOf(item)}
          name={keyOf(item)}
          item={item}
          position={from + offset}
          count={items.length}
          render={render}
        />
      ))}
    </ol>
  );
}

type Drawing<T> = Pick<VirtualListProps<T>, 'items' | 'keyOf' | 'estimate'> & {
  /** Null: the list is drawn completely. */
  readonly tops: Float64Array | null;
};

/**
 * The rows to draw now. When the items change, as with every letter of a search, new rows outside the window are drawn
 * only after those inside are on the screen.
 */
function useDrawnRows<T>(
  list: RefObject<HTMLElement | null>,
  { items, keyOf, estimate, tops }: Drawing<T>,
): RowRange {
  // Until the list knows its position, this draws as many rows as the window can show.
  const [first] = useState(() => ({ from: 0, to: Math.ceil(window.innerHeight / estimate) }));
  // `of`: the items for which rows outside the window are drawn too.
  const [shown, setShown] = useState<{ range: RowRange; of: readonly T[] | null }>({
    range: first,
    of: null,
  });
  const seen = useRef<RowRange>(first);
  const drawn = useRef<ReadonlySet<string>>(new Set());
  const isDrawn = (row: number): boolean => drawn.current.has(keyOf(items[row]!));
  const wanted =
    shown.of === items ? shown.range : rowsAtOnce(shown.range, seen.current, isDrawn, items.length);
  const from = tops ? Math.min(wanted.from, items.length) : 0;
  const to = tops ? Math.min(wanted.to, items.length) : items.length;

  useLayoutEffect(() => {
    drawn.current = new Set(items.slice(from, to).map(keyOf));
  }, [items, from, to]);
  useLayoutEffect(() => {
    if (!tops) return;
    return followWindow(list.current!, tops, (inWindow, around) => {
      seen.current = inWindow;
      if (around === null && from <= inWindow.from && inWindow.to <= to) return;
      const range = around ?? inWindow;
      setShown((now) =>
        now.of === items && now.range.from === range.from && now.range.to === range.to
          ? now
          : { range, of: items },
      );
    });
  }, [tops]);
  return { from, to };
}

type RowProps<T> = {
  readonly name: string;
  readonly item: T;
  readonly position: number;
  readonly count: number;
  readonly render: (item: T) => ComponentChildren;
};

/** One row. Scrolling adds and removes rows without redrawing those that stay. */
class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    return (
      next.item !== this.props.item ||
      next.position !== this.props.position ||
      next.count !== this.props.count
    );
  }

  override render({ name, item, position, count, render }: RowProps<T>) {
    return (
      <li data-key={name} aria-setsize={count} aria-posinset={position + 1}>
        {render(item)}
      </li>
    );
  }
}

/**
 * Reports which rows the window shows: at once, and then together with nearby rows, first when the page is drawn and
 * later at most once a frame. Returns a function that stops it.
 */
function followWindow(
  list: HTMLElement,
  tops: Float64Array,
  show: (inWindow: RowRange, around: RowRange | null) => void,
): () => void {
  let asked = 0;
  let isOver = false;
  const look = (withMargin: boolean) => {
    const { top } = list.getBoundingClientRect();
    const view = { from: -top, to: window.innerHeight - top };
    show(visibleRows(tops, view, 0), withMargin ? visibleRows(tops, view, MARGIN) : null);
  };
  const later = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      look(true);
    });
  };
  look(false);
  void afterDrawing().then(() => isOver || look(true));
  // Only the capturing phase hears that a sheet is scrolled.
  window.addEventListener('scroll', later, { passive: true, capture: true });
  window.addEventListener('resize', later, { passive: true });
  return () => {
    isOver = true;
    window.removeEventListener('scroll', later, { capture: true });
    window.removeEventListener('resize', later);
    if (asked) cancelAnimationFrame(asked);
  };
}

/**
 * Remembers the height of each row drawn so far. When a row above the window grows, the scroll position moves with it,
 * so that nothing jumps under the finger. Returns a function to call with the rows drawn now.
 */
function useRowHeights(
  known: Map<string, number>,
  heights: Float64Array | null,
  onMeasured: (change: (now: number) => number) => void,
) {
  const present = useRef(heights);
  present.current = heights;
  const [observer] = useState(() => new ResizeObserver((entries) => measure(entries)));
  const watched = useRef(new Set<Element>());

  function measure(entries: readonly ResizeObserverEntry[]): void {
    let changed = false;
    let grewAbove = 0;
    const scrolled = entries[0]?.target.closest('dialog') ?? window;
    for (const { target, borderBoxSize } of entries) {
      const key = (target as HTMLElement).dataset['key']!;
      const row = Number(target.getAttribute('aria-posinset')) - 1;
      const height = borderBoxSize[0]!.blockSize;
      const before = present.current?.[row];
      // A row that has just left the page has a measured height of zero.
      if (before === undefined || !target.isConnected) continue;
      known.set(key, height);
      if (Math.abs(before - height) < 0.5) continue;
      if (target.getBoundingClientRect().bottom < 0) grewAbove += height - before;
      present.current![row] = height;
      changed = true;
    }
    if (grewAbove !== 0) scrolled.scrollBy(0, grewAbove);
    if (changed) onMeasured((now) => now + 1);
  }

  useEffect(() => () => observer.disconnect(), []);
  return (rows: ArrayLike<Element>) => {
    const drawn = new Set(Array.from(rows));
    for (const row of watched.current) if (!drawn.has(row)) observer.unobserve(row);
    for (const row of drawn) if (!watched.current.has(row)) observer.observe(row);
    watched.current = drawn;
  };
}

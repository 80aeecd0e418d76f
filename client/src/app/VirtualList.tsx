/**
 * A list of any length that scrolls with the page and draws only what the window shows. Rows may differ in height: each is measured
 * when it is drawn. Short lists are drawn whole, so that finding in the page and printing work.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { topsOf, visibleRows } from './visible-rows.ts';

/** Below this many rows drawing all costs less than knowing which. */
const WHOLE = 40;
/** Drawn above and below the window, in px: one flick of a thumb. */
const MARGIN = 600;

export type VirtualListProps<T> = {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** Height of a row not yet drawn, in px. */
  readonly estimate: number;
  readonly render: (item: T, index: number) => ComponentChildren;
  readonly label: string;
  readonly class?: string;
};

export function VirtualList<T>({ items, keyOf, estimate, render, label, class: className = '' }: VirtualListProps<T>) {
  const list = useRef<HTMLOListElement>(null);
  const measured = useRef(new Map<string, number>());
  const [version, setVersion] = useState(0);
  const [range, setRange] = useState({ from: 0, to: Math.min(items.length, WHOLE) });
  const whole = items.length <= WHOLE;
  const tops = useMemo(
    () => (whole ? null : topsOf(items.map((item) => measured.current.get(keyOf(item)) ?? estimate))),
    [items, estimate, whole, version],
  );

  useLayoutEffect(() => {
    if (!tops) return;
    let asked = 0;
    const look = () => {
      asked = 0;
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = visibleRows(tops, { from: -top, to: window.innerHeight - top }, MARGIN);
      setRange((now) => (now.from === next.from && now.to === next.to ? now : next));
    };
    const later = () => {
      asked ||= requestAnimationFrame(look);
    };
    look();
    window.addEventListener('scroll', later, { passive: true });
    window.addEventListener('resize', later, { passive: true });
    return () => {
      window.removeEventListener('scroll', later);
      window.removeEventListener('resize', later);
      if (asked) cancelAnimationFrame(asked);
    };
  }, [tops]);

  const from = whole ? 0 : Math.min(range.from, items.length);
  const to = whole ? items.length : Math.min(range.to, items.length);

  useLayoutEffect(() => {
    if (!tops || !list.current) return;
    const measure = () => {
      if (keepHeights(list.current!, measured.current)) setVersion((now) => now + 1);
    };
    const observer = new ResizeObserver(measure);
    for (const row of list.current.children) observer.observe(row);
    return () => observer.disconnect();
  }, [tops, from, to]);

  const space = tops ? { paddingBlockStart: `${tops[from]}px`, paddingBlockEnd: `${tops[items.length]! - tops[to]!}px` } : {};
  return (
    <ol ref={list} class={className} aria-label={label} style={space}>
      {items.slice(from, to).map((item, offset) => (
        <li key={keyOf(item)} data-key={keyOf(item)} aria-setsize={items.length} aria-posinset={from + offset + 1}>
          {render(item, from + offset)}
        </li>
      ))}
    </ol>
  );
}

/**
 * Remembers the height of each drawn row; true when one changed. What grew above the window is taken back from the scroll position, so
 * that nothing jumps under the finger.
 */
function keepHeights(list: HTMLOListElement, measured: Map<string, number>): boolean {
  let changed = false;
  let grewAbove = 0;
  for (const row of list.children as HTMLCollectionOf<HTMLElement>) {
    const key = row.dataset['key']!;
    const box = row.getBoundingClientRect();
    const before = measured.get(key);
    if (before !== undefined && Math.abs(before - box.height) < 0.5) continue;
    if (before !== undefined && box.bottom < 0) grewAbove += box.height - before;
    measured.set(key, box.height);
    changed = true;
  }
  if (grewAbove !== 0) window.scrollBy(0, grewAbove);
  return changed;
}

/**
 * The display settings that are kept from result to result: the map over the image, its opacity, and whether single
 * keys work.
 */
import { effect, signal, type Signal } from '@preact/signals';
import type { ExplanationMethod } from '#shared/protocol/inference.ts';

export type MapMethod = Exclude<ExplanationMethod, 'image'>;
export type MapChoice = 'none' | MapMethod;
/** In the order in which the key `m` cycles through them. */
export const MAPS = [
  'none',
  'cam',
  'integrated-gradients',
  'lung-fields',
] as const satisfies readonly MapChoice[];

/** In per cent: a step of 10 is visible, and 60 shows both the map and the image below it. */
const OPACITY_STEP = 10;
const FIRST_OPACITY = 60;

export interface LookStore {
  /** The chosen map; a result without this map shows another. */
  readonly map: Signal<MapChoice>;
  /** Per cent. */
  readonly opacity: Signal<number>;
  /** WCAG 2.2 SC 2.1.4: single keys can be switched off. Stored in this browser. */
  readonly singleKeys: Signal<boolean>;
  /** Chooses the next map that a result has. */
  cycle(available: readonly MapChoice[]): void;
  fade(steps: number): void;
}

const KEY = 'relaypacs-single-keys';

/** Storage may be forbidden; the choice then lasts as long as the page. */
export function createLookStore(storage: Pick<Storage, 'getItem' | 'setItem'> | null): LookStore {
  const map = signal<MapChoice>('cam');
  const opacity = signal(FIRST_OPACITY);
  const singleKeys = signal(tried(() => storage?.getItem(KEY)) !== 'off');
  effect(() => {
    const word = singleKeys.value ? 'on' : 'off';
    tried(() => storage?.setItem(KEY, word));
  });
  return {
    map,
    opacity,
    singleKeys,
    cycle(available) {
      const at = available.indexOf(shownMap(map.peek(), available));
      map.value = available[(at + 1) % available.length] ?? 'none';
    },
    fade(steps) {
      opacity.value = Math.min(100, Math.max(0, opacity.peek() + steps * OPACITY_STEP));
    },
  };
}

/** The maps of a result, after `none`. */
export function mapsOf(explanations: readonly ExplanationMethod[]): readonly MapChoice[] {
  return MAPS.filter((map) => map === 'none' || explanations.includes(map));
}

/**
 * The map to draw: the wanted one if the result has it, otherwise its first. `none` if that is wanted or the result has
 * no map.
 */
export function shownMap(wanted: MapChoice, available: readonly MapChoice[]): MapChoice {
  return available.includes(wanted) ? wanted : (available.find((map) => map !== 'none') ?? 'none');
}

function tried<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

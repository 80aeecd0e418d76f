/**
 * Whether the chosen studies fit on this device, before Send is pressed: the bytes that the queue will write,
 * and the space that the browser grants.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

export interface Forecast {
  /** Bytes that the chosen studies will take here, at most: coding may need fewer. */
  readonly needs: number;
  /** Bytes that are free. */
  readonly room: number;
}

/** The queue's overhead: tags, headers of parcels, and deleted rows that the database keeps for a while. */
const ROOM_FACTOR = 1.05;
/** Rows, indexes and the manifest of one instance. */
const INSTANCE_BYTES = 2_048;

export function needsOf(chosen: { readonly instances: number; readonly bytes: number }): number {
  return Math.ceil(chosen.bytes * ROOM_FACTOR) + chosen.instances * INSTANCE_BYTES;
}

export function totalOf(studies: readonly { readonly instances: number; readonly bytes: number }[]): {
  readonly instances: number;
  readonly bytes: number;
} {
  return {
    instances: studies.reduce((sum, { instances }) => sum + instances, 0),
    bytes: studies.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

interface ForecastTools {
  /** Bytes that the device still has room for; null when it does not say. */
  readonly room: () => Promise<number | null>;
  /**
   * Calls `work` after `ms`: ten thousand files that are read one by one need one forecast, not ten thousand.
   */
  readonly later: (work: () => void, ms: number) => void;
}

const FORECAST_AFTER_MS = 300;

/** Follows `needs`; null where nothing is chosen, or the browser does not say how much room there is. */
export function createForecast(
  needs: ReadonlySignal<number>,
  { room, later }: ForecastTools,
): ReadonlySignal<Forecast | null> {
  const forecast = signal<Forecast | null>(null);
  let isDue = false;

  async function update(): Promise<void> {
    const free = await room().catch(() => null);
    // Studies chosen meanwhile count.
    const wanted = needs.peek();
    forecast.value = wanted === 0 || free === null ? null : { needs: wanted, room: free };
  }

  effect(() => {
    needs.value;
    if (isDue) return;
    isDue = true;
    later(() => {
      isDue = false;
      void update();
    }, FORECAST_AFTER_MS);
  });
  return forecast;
}

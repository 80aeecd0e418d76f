/** How views reach the stores: one context, set once by main.tsx. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Signal } from '@preact/signals';
import type { Device } from './device.ts';
import type { Theme } from './theme.ts';

export type Frame = { readonly device: Device; readonly theme: Signal<Theme> };

export const FrameContext = createContext<Frame | null>(null);

/** Throws outside of the frame: a view that is drawn without stores is a mistake of ours. */
export function useFrame(): Frame {
  const frame = useContext(FrameContext);
  if (!frame) throw new Error('no frame');
  return frame;
}

export function useDevice(): Device {
  return useFrame().device;
}

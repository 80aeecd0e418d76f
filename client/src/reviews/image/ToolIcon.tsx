/** The signs of the tools, drawn as the app's others; the text beside them says the same. */
import type { Tool } from './viewer-keys.ts';

const SIGNS: Record<Tool | 'undo' | 'redo' | 'keys', string> = {
  select: 'M6 3.5l12.5 8-6 1.2 3.4 6.4-2.6 1.4-3.4-6.4L6 18.5z',
  window: 'M3 12a9 9 0 1018 0 9 9 0 10-18 0M12 3v18M15 6.5v11M18 9v6',
  point: 'M12 3v6M12 15v6M3 12h6M15 12h6',
  arrow: 'M5 19L18.5 5.5M10 5h9v9',
  box: 'M4 6h16v12H4z',
  ellipse: 'M3 12a9 6 0 1018 0 9 6 0 10-18 0',
  line: 'M4 17c2-8 5-10 7-6s3 6 5 2 2-6 4-7',
  length: 'M4 12h16M4 7.5v9M20 7.5v9',
  text: 'M5 8V5h14v3M12 5v14.5M9 19.5h6',
  undo: 'M8.5 4L3.5 9l5 5M4 9h10a5.5 5.5 0 010 11h-3',
  redo: 'M15.5 4l5 5-5 5M20 9H10a5.5 5.5 0 000 11h3',
  keys: 'M9 9a3 3 0 116 0c0 2-3 2.4-3 5M12 18v.1',
};

export function ToolIcon({ name }: { readonly name: keyof typeof SIGNS }) {
  return (
    <svg class="viewer-sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SIGNS[name]} />
    </svg>
  );
}

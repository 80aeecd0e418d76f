/**
 * The app's icons, drawn on 24 × 24 with one stroke. The text next to an icon says the same, so icons are hidden from
 * screen readers.
 */

const RING = 'M3 12a9 9 0 1018 0 9 9 0 10-18 0';

const SIGNS = {
  // The four places of the track, each with a distinct outline.
  device:
    'M7.5 3h9A2.5 2.5 0 0119 5.5v13a2.5 2.5 0 01-2.5 2.5h-9A2.5 2.5 0 015 18.5v-13A2.5 2.5 0 017.5 3zM10.5 17.5h3',
  way: 'M5 6l6 6-6 6M13 6l6 6-6 6',
  gateway: 'M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9z',
  pacs: `${RING}M7.8 12.4l2.9 2.9 5.5-6`,
  // States.
  wait: 'M6.5 3h11M6.5 21h11M8 3v4l4 5-4 5v4M16 3v4l-4 5 4 5v4',
  decide: 'M12 2.6L21.4 12 12 21.4 2.6 12zM12 7.5v5.2M12 16.2v.1',
  caution: 'M12 3.5l9 16.5H3zM12 10v4.5M12 17.2v.1',
  note: `${RING}M12 11v5.5M12 7.6v.1`,
  online: 'M4.5 10a11 11 0 0115 0M7.6 13.4a6.5 6.5 0 018.8 0M12 18v.1',
  offline: 'M4.5 10a11 11 0 013.6-2.3M13 7.1a11 11 0 016.5 2.9M7.6 13.4a6.5 6.5 0 014-1.7M12 18v.1M4 4l16 16',
  unreachable: 'M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9zM9.6 9.6l4.8 4.8M14.4 9.6l-4.8 4.8',
  disc: `${RING}M9.5 12a2.5 2.5 0 105 0 2.5 2.5 0 10-5 0M5.8 12A6.2 6.2 0 0112 5.8`,
  shield: 'M12 3l7.5 3v5.5c0 4.6-3.2 7.7-7.5 9.5-4.3-1.8-7.5-4.9-7.5-9.5V6z',
  person: 'M8 8a4 4 0 108 0 4 4 0 10-8 0M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6',
  list: 'M4 6.5h.1M4 12h.1M4 17.5h.1M8.5 6.5H20M8.5 12H20M8.5 17.5H20',
  result: 'M4 4.5h16v15H4zM7.5 15l3-4 2.5 3 2-2.5 2 3.5',
  read: 'M2.5 12c2.5-4.5 5.8-6.5 9.5-6.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zM9 12a3 3 0 106 0 3 3 0 10-6 0',
  case: 'M4 8h16v11.5H4zM9 8V5.5A1.5 1.5 0 0110.5 4h3A1.5 1.5 0 0115 5.5V8M4 13h16',
  chart: 'M4 4v16h16M8.5 16v-4M13 16V8.5M17.5 16v-6',
  settings: 'M4 7h9M17 7h3M15 4.8v4.4M4 17h3M11 17h9M9 14.8v4.4',
  lock: 'M6 10.5h12a1 1 0 011 1v8a1 1 0 01-1 1H6a1 1 0 01-1-1v-8a1 1 0 011-1zM8 10.5V8a4 4 0 018 0v2.5',
  // Actions.
  files: 'M13.5 3H7a2 2 0 00-2 2v14a2 2 0 002 2h10a2 2 0 002-2V8.5zM13.5 3v5.5H19',
  folder:
    'M3.5 18V6A1.5 1.5 0 015 4.5h4.4l2.2 2.6H19a1.5 1.5 0 011.5 1.5V18a1.5 1.5 0 01-1.5 1.5H5A1.5 1.5 0 013.5 18z',
  up: 'M12 19V5.5M6 11.5l6-6 6 6',
  down: 'M12 5v13.5M6 12.5l6 6 6-6',
  chevron: 'M9 5.5l6.5 6.5L9 18.5',
  save: 'M12 4v11M7.5 10.8L12 15.3l4.5-4.5M4.5 19.5h15',
  print:
    'M7 8.5v-5h10v5M7 17H5a1.5 1.5 0 01-1.5-1.5V10A1.5 1.5 0 015 8.5h14a1.5 1.5 0 011.5 1.5v5.5A1.5 1.5 0 0119 17h-2M7 14h10v6.5H7z',
  again: 'M19.5 4.5v5h-5M19 9.5a7.5 7.5 0 10.5 4.5',
  copy: 'M10.5 8.5H18a2 2 0 012 2V18a2 2 0 01-2 2h-7.5a2 2 0 01-2-2v-7.5a2 2 0 012-2zM15.5 8.5V6a2 2 0 00-2-2H6a2 2 0 00-2 2v7.5a2 2 0 002 2h2.5',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5.5 9l6.5 6.5L18.5 9',
  less: 'M5.5 15.5L12 9l6.5 6.5',
} as const satisfies Record<string, string>;

export type IconName = keyof typeof SIGNS;

/** `turns`: the icon points in the reading direction and is mirrored with it. */
export function Icon({ name, size = 24, turns = false }: { name: IconName; size?: number; turns?: boolean }) {
  return (
    <svg
      class={turns ? 'turns' : undefined}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={SIGNS[name]} />
    </svg>
  );
}

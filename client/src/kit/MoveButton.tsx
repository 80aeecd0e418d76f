/** Moves an item up or down in its list. At the end of the list the button keeps the focus and does nothing. */
import { Icon } from './Icon.tsx';

type MoveProps = {
  /** Names the item and the direction. */
  readonly label: string;
  readonly to: 'up' | 'down';
  readonly isPossible: boolean;
  readonly onMove: () => void;
};

export function MoveButton({ label, to, isPossible, onMove }: MoveProps) {
  return (
    <button
      type="button"
      class="button"
      aria-label={label}
      aria-disabled={!isPossible}
      onClick={() => isPossible && onMove()}
    >
      <Icon name={to} size={20} />
    </button>
  );
}

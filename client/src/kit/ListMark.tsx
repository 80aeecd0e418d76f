/** Statements in a cell of a list, each with its icon. Cut at the cell’s end; the whole text is its title. */
import { Icon, type IconName } from './Icon.tsx';
import './list-mark.css';

export type Mark = {
  readonly icon: IconName;
  readonly tone?: 'stop' | 'wait' | 'accent' | undefined;
  readonly said: string;
};

export function ListMark({ icon, tone, said }: Mark) {
  return (
    <span class="list-mark" data-tone={tone} title={said}>
      <Icon name={icon} size={16} />
      <span class="cut">{said}</span>
    </span>
  );
}

/** False if there are none, so that the cell is left out. */
export const marksSaid = (marks: readonly (Mark | false)[]) => {
  const shown = marks.filter((mark) => mark !== false);
  return (
    shown.length > 0 && (
      <span class="list-marks">
        {shown.map((mark) => (
          <ListMark key={mark.said} {...mark} />
        ))}
      </span>
    )
  );
};

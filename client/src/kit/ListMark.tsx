/** A statement in a cell of a list, with its icon. Cut at the cell’s end; the whole text is its title. */
import { Icon, type IconName } from './Icon.tsx';
import './list-mark.css';

export type ListMarkProps = {
  readonly icon: IconName;
  readonly tone?: 'stop' | 'wait';
  readonly said: string;
};

export function ListMark({ icon, tone, said }: ListMarkProps) {
  return (
    <span class="list-mark" data-tone={tone} title={said}>
      <Icon name={icon} size={16} />
      <span class="cut">{said}</span>
    </span>
  );
}

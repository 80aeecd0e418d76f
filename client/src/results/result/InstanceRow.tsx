/** An instance that the gateway made: its progress towards the PACS, and links to it and to its receipt. */
import type { ComponentChildren } from 'preact';
import { Icon } from '../../kit/Icon.tsx';

type InstanceRowProps = {
  /** The state of the instance; `promised` if it does not exist yet. */
  readonly state: string;
  readonly said: string;
  /** Null: this person may not open it. */
  readonly href: string | null;
  readonly children: ComponentChildren;
};

export function InstanceRow({ state, said, href, children }: InstanceRowProps) {
  const content = (
    <>
      <Icon name={signOf(state)} size={20} />
      <span class="result-instance-name">{children}</span>
      <span class="small quiet">{said}</span>
      {href !== null && <Icon name="chevron" size={16} turns />}
    </>
  );
  return <li data-state={state}>{href === null ? <div>{content}</div> : <a href={href}>{content}</a>}</li>;
}

/** Green only once the PACS has confirmed. */
function signOf(state: string): 'pacs' | 'decide' | 'gateway' {
  if (state === 'stored' || state === 'coerced' || state === 'already-stored') return 'pacs';
  return state === 'refused' || state === 'quarantined' ? 'decide' : 'gateway';
}

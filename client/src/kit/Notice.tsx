/**
 * A message set apart from the page, with an icon and a colour for its kind: plain, waiting (amber), or a decision
 * (red).
 */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon.tsx';

type NoticeKind = 'plain' | 'wait' | 'stop';

const LOOK: Record<NoticeKind, { readonly class: string; readonly sign: IconName }> = {
  plain: { class: 'notice', sign: 'note' },
  wait: { class: 'notice notice-wait', sign: 'caution' },
  stop: { class: 'notice notice-stop', sign: 'decide' },
};

type NoticeProps = {
  readonly kind: NoticeKind;
  /** Says what happened; optional. */
  readonly title?: string;
  readonly sign?: IconName;
  readonly children?: ComponentChildren;
};

export function Notice({ kind, title, sign = LOOK[kind].sign, children }: NoticeProps) {
  return (
    <div class={LOOK[kind].class}>
      <Icon name={sign} />
      <div class="notice-body">
        {title && <p class="strong">{title}</p>}
        {children}
      </div>
    </div>
  );
}

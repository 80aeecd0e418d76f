/** A button that asks for confirmation before something is lost. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './Icon.tsx';
import { Confirm } from './Sheet.tsx';

type AskFirstProps = {
  readonly label: string;
  /** Names the study, for people who do not see the row of the button. */
  readonly of: string;
  readonly icon?: IconName;
  /** Drawn inside a line of text, without an outline. */
  readonly bare?: boolean;
  /** The question, the study, the consequences, and both answers. */
  readonly ask: {
    readonly title: string;
    readonly about: string;
    readonly what: string;
    readonly yes: string;
    readonly no: string;
  };
  readonly onYes: () => void;
  /** Called if the button and its question are removed before anybody has answered. */
  readonly onGone?: () => void;
};

export function AskFirst({ label, of, icon, bare = false, ask, onYes, onGone }: AskFirstProps) {
  const [asking, setAsking] = useState(false);
  const open = useRef<(() => void) | undefined>(undefined);
  open.current = asking ? onGone : undefined;
  // Must run before the removed dialog closes, because that looks as if a person had closed it.
  useLayoutEffect(() => () => open.current?.(), []);
  const close = () => {
    open.current = undefined;
    setAsking(false);
  };
  return (
    <>
      <button
        type="button"
        class={bare ? 'button button-bare' : 'button'}
        aria-haspopup="dialog"
        aria-label={of}
        onClick={() => setAsking(true)}
      >
        {icon && <Icon name={icon} size={20} />}
        {label}
      </button>
      {asking && <Confirm {...ask} destructive onYes={onYes} onClose={close} />}
    </>
  );
}

/** The QR code of a receipt for the printed page; its encoder is loaded by then, since the printer does not wait. */
import { useEffect, useState } from 'preact/hooks';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { CodeSquares } from './draw-code.ts';

/** null: the receipt has none, or the encoder cannot be loaded; it is then printed without its code. */
export function usePrintedCode(receipt: Receipt | null): CodeSquares | null | 'loading' {
  const [code, setCode] = useState<CodeSquares | null | 'loading'>('loading');
  const text = receipt?.code;
  useEffect(() => {
    if (receipt === null) return;
    if (text === undefined) return setCode(null);
    let isGone = false;
    import('./draw-code.ts').then(
      ({ drawCode }) => isGone || setCode(drawCode(text)),
      () => isGone || setCode(null),
    );
    return () => {
      isGone = true;
    };
  }, [receipt === null, text]);
  return code;
}

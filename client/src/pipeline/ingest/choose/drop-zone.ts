/**
 * Makes the whole page accept drops. Tells the view when something is dragged over it, and passes the dropped items
 * on while they are still valid.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** `take` is called synchronously in the event, because a DataTransferItemList is empty afterwards. */
export function useDropZone(take: (items: DataTransferItemList) => void): ReadonlySignal<boolean> {
  const hovering = useSignal(false);
  useEffect(() => {
    const page = new AbortController();
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.dataTransfer!.dropEffect = 'copy';
      hovering.value = true;
    };
    const leave = (event: DragEvent) => {
      // Moving between elements inside the page is not leaving it.
      if (event.relatedTarget === null) hovering.value = false;
    };
    const drop = (event: DragEvent) => {
      hovering.value = false;
      if (!hasFiles(event)) return;
      event.preventDefault();
      take(event.dataTransfer!.items);
    };
    const options = { signal: page.signal };
    window.addEventListener('dragover', over, options);
    window.addEventListener('dragleave', leave, options);
    window.addEventListener('drop', drop, options);
    return () => page.abort();
  }, []);
  return hovering;
}

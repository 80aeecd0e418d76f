/** One small picture of a series, asked for when it comes into sight. It decorates: the series is named in words beside it. */
import { useEffect, useRef } from 'preact/hooks';
import { useDevice } from '../../app/device-context.ts';
import { Icon } from '../../app/Icon.tsx';
import type { FoundSeries, Thumbnail } from './found.ts';

export function ThumbnailPicture({ series }: { readonly series: FoundSeries }) {
  const { ingest } = useDevice();
  const box = useRef<HTMLSpanElement>(null);
  const thumbnail = series.thumbnail.value;
  useEffect(() => {
    if (thumbnail !== undefined) return;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      ingest.showThumbnail(series.seriesInstanceUID);
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [series.seriesInstanceUID, thumbnail === undefined]);
  return (
    <span ref={box} class="thumbnail">
      {thumbnail === null && <Icon name="files" />}
      {thumbnail && <Picture thumbnail={thumbnail} />}
    </span>
  );
}

function Picture({ thumbnail }: { readonly thumbnail: Thumbnail }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const target = canvas.current!;
    let gone = false;
    if ('rgba' in thumbnail) {
      target.width = thumbnail.width;
      target.height = thumbnail.height;
      target.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(thumbnail.rgba), thumbnail.width, thumbnail.height), 0, 0);
    } else {
      void createImageBitmap(thumbnail.jpeg).then(
        (bitmap) => {
          if (gone) return bitmap.close();
          target.width = bitmap.width;
          target.height = bitmap.height;
          target.getContext('2d')?.drawImage(bitmap, 0, 0);
          bitmap.close();
        },
        // A frame that the browser cannot decode leaves the place empty; the study travels all the same.
        () => undefined,
      );
    }
    return () => void (gone = true);
  }, [thumbnail]);
  return <canvas ref={canvas} width={1} height={1} />;
}

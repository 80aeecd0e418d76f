"""Decodes files with pydicom and its handlers, or, where those lack the transfer syntax, dcmtk's; for the comparison in decode-corpus.test.ts.

Usage: reference-pixels.py OUT FILE...      One JSON line a frame on stdout; values (of `kind`) and grey (float32) in files under OUT.
"""
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy
import pydicom
from PIL import Image
from pydicom.encaps import defragment_data, generate_pixel_data_frame
from pydicom.pixel_data_handlers import util

warnings.simplefilter('ignore')
JPEG = '1.2.840.10008.1.2.4.'
DCMTK = {JPEG + suffix: 'dcmdjpeg' for suffix in ('50', '51', '53', '55', '57', '70')} | {JPEG + '80': 'dcmdjpls', JPEG + '81': 'dcmdjpls'}
LOSSY = {JPEG + suffix for suffix in ('50', '51', '53', '55', '91', '203')}


def read(path):
    ds = pydicom.dcmread(path, force=True)
    syntax = getattr(getattr(ds, 'file_meta', None), 'TransferSyntaxUID', None)
    return ds, str(syntax) if syntax else ''


def native(path, ds, syntax):
    """A data set with native pixels, and who made it. dcmtk makes YBR RGB, and says so in the header."""
    if syntax not in DCMTK:
        return ds, 'pydicom'
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'native.dcm')
        # +cn: colours stay as they are stored.
        subprocess.run([DCMTK[syntax], *(['+cn'] if DCMTK[syntax] == 'dcmdjpeg' and colour_is_stored(ds) else []), path, out], check=True, capture_output=True, timeout=60)
        decoded = pydicom.dcmread(out)
        decoded.PixelData  # is read before the folder goes
        return decoded, 'dcmtk'


def colour_is_stored(ds):
    return ds.get('PhotometricInterpretation') == 'RGB'


def wavelets(ds):
    """By Pillow's OpenJPEG, where pydicom's handler does not take them."""
    frames = []
    for coded in generate_pixel_data_frame(ds.PixelData, int(ds.get('NumberOfFrames', 1) or 1)):
        array = numpy.asarray(Image.open(io.BytesIO(coded)))
        # Pillow gives signed 16-bit samples without their sign.
        frames.append((array.astype('i4') - 32768).astype('i2') if ds.PixelRepresentation == 1 else array)
    return numpy.stack(frames) if len(frames) > 1 else frames[0]


def float_pixels(ds):
    for keyword, kind in (('FloatPixelData', '<f4'), ('DoubleFloatPixelData', '<f8')):
        if keyword in ds:
            array = numpy.frombuffer(ds[keyword].value, kind)
            return array.reshape((-1, ds.Rows, ds.Columns))
    return None


def deflated_frames(ds):
    import zlib
    bits = b''
    arrays = []
    for coded in generate_pixel_data_frame(ds.PixelData, int(ds.NumberOfFrames)):
        bits = numpy.frombuffer(zlib.decompressobj(-15).decompress(coded), numpy.uint8)
        arrays.append(numpy.unpackbits(bits, bitorder='little')[:ds.Rows * ds.Columns].reshape(ds.Rows, ds.Columns))
    return numpy.stack(arrays)


def values_of(ds, syntax):
    array = float_pixels(ds)
    if array is not None:
        return array
    if syntax == '1.2.840.10008.1.2.8.1':
        return deflated_frames(ds)
    if syntax.startswith(JPEG + '20'):
        return wavelets(ds)
    if syntax == '1.2.840.10008.1.2.2' and ds['PixelData'].VR == 'OW' and ds.BitsAllocated == 8:
        # PS3.5 8.1.1: words with their bytes swapped, which pydicom leaves.
        ds.PixelData = numpy.frombuffer(ds.PixelData, '>u2').astype('<u2').tobytes()
    array = ds.pixel_array
    if ds.SamplesPerPixel == 3 and ds.PhotometricInterpretation.startswith('YBR_FULL'):
        array = util.convert_color_space(array, ds.PhotometricInterpretation, 'RGB', per_frame=False)
    # PS3.5 8.1.1: unused bits may hold anything, in lossless codestreams too; pydicom 2 leaves them.
    if ds.BitsStored < ds.BitsAllocated and array.dtype.kind in 'iu' and (not syntax.startswith(JPEG) or syntax == JPEG + '90'):
        unused = ds.BitsAllocated - ds.BitsStored
        array = numpy.right_shift(numpy.left_shift(array, unused + ds.BitsStored - 1 - ds.HighBit), unused)
    return array


def group(ds, frame, macro):
    for sequence, which in (('PerFrameFunctionalGroupsSequence', frame), ('SharedFunctionalGroupsSequence', 0)):
        items = ds.get(sequence)
        if items and macro in items[which]:
            return items[which][macro][0]
    return None


def grey_of(ds, frame, array):
    interpretation = ds.get('PhotometricInterpretation', 'MONOCHROME2')
    luma = numpy.array([.299, .587, .114])
    if ds.get('SamplesPerPixel', 1) == 3:
        return (array.astype('f8') @ luma) / (2 ** ds.BitsStored - 1)
    if interpretation == 'PALETTE COLOR':
        colours = util.apply_color_lut(array, ds)
        bits = ds.RedPaletteColorLookupTableDescriptor[2]
        return (colours.astype('f8') @ luma) / (2 ** bits - 1)
    rescale = group(ds, frame, 'PixelValueTransformationSequence')
    values = array.astype('f8') * float(rescale.RescaleSlope) + float(rescale.RescaleIntercept) if rescale else util.apply_modality_lut(array, ds).astype('f8')
    voi = group(ds, frame, 'FrameVOILUTSequence') or ds
    if 'VOILUTSequence' in voi and voi.VOILUTSequence:
        # Halves go up, as in the product; pydicom would cut them off.
        grey = util.apply_voi(numpy.floor(values + .5).astype('i4'), voi) / (2 ** voi.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif voi.get('WindowCenter') not in (None, '') and has_width(voi):
        plain = pydicom.Dataset()
        for keyword, value in (('WindowCenter', voi.WindowCenter), ('WindowWidth', voi.WindowWidth), ('VOILUTFunction', voi.get('VOILUTFunction') or 'LINEAR')):
            setattr(plain, keyword, value)
        plain.PhotometricInterpretation, plain.BitsStored, plain.PixelRepresentation = 'MONOCHROME2', 16, 0
        grey = util.apply_windowing(values, plain).astype('f8') / 65535
    else:
        low, high = values.min(), values.max()
        grey = (values - low) / (high - low) if high > low else numpy.zeros_like(values)
    return 1 - grey if interpretation == 'MONOCHROME1' else grey


def has_width(voi):
    width = voi.get('WindowWidth')
    return width not in (None, '') and float(width[0] if isinstance(width, pydicom.multival.MultiValue) else width) >= 1


def with_uids(path, ds, out):
    """Files that lack the identifiers of an instance are not read by the product: the same file with them."""
    missing = [keyword for keyword in ('StudyInstanceUID', 'SeriesInstanceUID') if keyword not in ds or not ds[keyword].value]
    if not missing:
        return path
    copy = os.path.join(out, os.path.basename(path))
    whole = pydicom.dcmread(path, force=True)
    for keyword in missing:
        setattr(whole, keyword, pydicom.uid.generate_uid())
    syntax = str(whole.file_meta.TransferSyntaxUID).encode()
    # pydicom 2 writes no transfer syntax that it does not know: one of the same length stands in its place.
    whole.file_meta.TransferSyntaxUID = JPEG + '100' if len(syntax) == len(JPEG + '100') else syntax.decode()
    whole.save_as(copy)
    with open(copy, 'rb') as file:
        content = file.read()
    with open(copy, 'wb') as file:
        file.write(content.replace((JPEG + '100').encode(), syntax, 1))
    return copy


def frames_of(path, out):
    ds, syntax = read(path)
    if not any(keyword in ds for keyword in ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')):
        return
    decoded, by = native(path, ds, syntax)
    array = values_of(decoded, '' if by == 'dcmtk' else syntax)
    frames = int(str(ds.get('NumberOfFrames', 1) or 1).rstrip('A'))
    samples = int(ds.get('SamplesPerPixel', 1))
    array = array.reshape((frames, ds.Rows, ds.Columns) + ((3,) if samples == 3 else ()))
    for frame in sorted({0, frames // 2, frames - 1}):
        name = os.path.join(out, '%s-%d' % (pydicom.uid.generate_uid()[-24:], frame))
        kind = array.dtype.newbyteorder('<')
        array[frame].astype(kind).tofile(name + '.values')
        numpy.ascontiguousarray(grey_of(decoded, frame, array[frame])).astype('<f4').tofile(name + '.grey')
        yield {'path': with_uids(path, ds, out), 'frame': frame, 'syntax': syntax, 'by': by, 'lossy': syntax in LOSSY, 'kind': kind.str[1:], 'samples': samples, 'bits': int(ds.get('BitsStored', 32)), 'name': name}


for path in sys.argv[2:]:
    try:
        for line in frames_of(path, sys.argv[1]):
            print(json.dumps(line), flush=True)
    except Exception as error:
        print(json.dumps({'path': path, 'error': type(error).__name__ + ': ' + str(error)[:200]}), flush=True)

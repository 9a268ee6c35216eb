//! Two small PDF files (ISO 32000-1): a plain one as old tools write it, and a packed one as word
//! processors do.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R\
                    /Resources<</Font<</F1 6 0 R>>>>/Annots[4 0 R]>>";
const TREE: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";

/// Objects one by one, a standard font, kerned text.
pub(super) fn leaflet(link: &str, text: &str) -> Vec<u8> {
    let (first, second) = text.split_at(text.len() / 2);
    let content = format!(
        "BT /F1 11 Tf 72 760 Td [(Order \\(any time\\) at )] TJ 0 -16 Td [({first})-12({second})] TJ ET"
    );
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
    let mut file = File::new("1.4");
    for object in [CATALOG, TREE, PAGE, &annotation(link)] {
        file.object(object);
    }
    file.stream("", content.as_bytes());
    file.object(font);
    file.table()
}

/// Objects inside a compressed stream, and a font whose codes only its table explains.
pub(super) fn report(link: &str, text: &str) -> Vec<u8> {
    let font = "<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+House/Encoding/Identity-H\
                /DescendantFonts[8 0 R]/ToUnicode 7 0 R>>";
    let descendant = "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+House\
                      /CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500>>";
    let annotation = annotation(link);
    let packed =
        [(1, CATALOG), (2, TREE), (3, PAGE), (4, annotation.as_str()), (6, font), (8, descendant)];
    let mut content = String::from("BT /F1 11 Tf 72 760 Td <");
    for byte in text.bytes() {
        // As subset fonts do: glyph 3 is the space.
        let _infallible = write!(content, "{:04X}", u16::from(byte) - 29);
    }
    content.push_str("> Tj ET");
    let mut file = File::new("1.5");
    file.numbered_stream(5, "", content.as_bytes());
    file.numbered_stream(7, "", TO_UNICODE.as_bytes());
    let (mut index, mut objects) = (String::new(), String::new());
    for (number, object) in packed {
        let _infallible = write!(index, "{number} {} ", objects.len());
        objects.push_str(object);
        objects.push(' ');
    }
    let entries = format!("/Type/ObjStm/N {}/First {}", packed.len(), index.len());
    file.numbered_stream(9, &entries, format!("{index}{objects}").as_bytes());
    file.stream_table(&packed.map(|(number, _)| number))
}

const TO_UNICODE: &str = "\
/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0003> <0061> <0020> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end
";

fn annotation(link: &str) -> String {
    format!(
        "<</Type/Annot/Subtype/Link/Rect[72 750 300 770]/Border[0 0 0]/A<</S/URI/URI({link})>>>>"
    )
}

/// A PDF file in the making.
struct File {
    bytes: Vec<u8>,
    /// Number and offset of every object so far.
    offsets: Vec<(usize, usize)>,
}

impl File {
    fn new(version: &str) -> Self {
        let mut bytes = format!("%PDF-{version}\n").into_bytes();
        bytes.extend(b"%\xe2\xe3\xcf\xd3\n");
        Self { bytes, offsets: Vec::new() }
    }

    fn begin(&mut self, number: usize) {
        self.offsets.push((number, self.bytes.len()));
        self.bytes.extend(format!("{number} 0 obj\n").into_bytes());
    }

    fn object(&mut self, object: &str) {
        self.begin(self.offsets.len() + 1);
        self.bytes.extend(format!("{object}\nendobj\n").into_bytes());
    }

    fn stream(&mut self, entries: &str, content: &[u8]) {
        self.numbered_stream(self.offsets.len() + 1, entries, content);
    }

    fn numbered_stream(&mut self, number: usize, entries: &str, content: &[u8]) {
        let packed = deflate(content);
        self.begin(number);
        let head = format!("<<{entries}/Filter/FlateDecode/Length {}>>\nstream\n", packed.len());
        self.bytes.extend(head.into_bytes());
        self.bytes.extend(packed);
        self.bytes.extend(b"\nendstream\nendobj\n");
    }

    /// The classic table of offsets.
    fn table(mut self) -> Vec<u8> {
        let start = self.bytes.len();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.offsets.len() + 1);
        for (_, offset) in &self.offsets {
            let _infallible = writeln!(table, "{offset:010} 00000 n ");
        }
        let size = self.offsets.len() + 1;
        let _infallible =
            write!(table, "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
        self.bytes.extend(table.into_bytes());
        self.bytes
    }

    /// The table as a stream: `packed` are the objects of the object stream, which came last.
    fn stream_table(mut self, packed: &[usize]) -> Vec<u8> {
        let start = self.bytes.len();
        let holder = self.offsets.last().expect("the object stream").0;
        let number = holder + 1;
        self.offsets.push((number, start));
        let mut rows = vec![[0_u8, 0, 0, 0, 0]; number + 1];
        for (object, offset) in &self.offsets {
            let [.., a, b, c] = u32::try_from(*offset).expect("a small file").to_be_bytes();
            rows[*object] = [1, a, b, c, 0];
        }
        for (index, object) in packed.iter().enumerate() {
            let [holder, index] =
                [holder, index].map(|value| u8::try_from(value).expect("a small file"));
            rows[*object] = [2, 0, 0, holder, index];
        }
        let size = rows.len();
        let entries = format!("/Type/XRef/Size {size}/W[1 3 1]/Root 1 0 R");
        self.offsets.pop();
        self.numbered_stream(number, &entries, rows.as_flattened());
        self.bytes.extend(format!("startxref\n{start}\n%%EOF\n").into_bytes());
        self.bytes
    }
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

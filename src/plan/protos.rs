//! Services of `.proto` files, compiled without protoc.

use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::document::{Node, Value};
use super::reader::{Fields, Reader};

/// A larger file is no description of a service.
const MAX_FILE: u64 = 4 << 20;

/// What was compiled already: many requests of a plan are calls of one service.
#[derive(Default)]
pub(super) struct Protos(Vec<(Named, Result<DescriptorPool, String>)>);

/// What the plan names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    files: Vec<PathBuf>,
    import_paths: Vec<PathBuf>,
    /// What both are relative to.
    directory: PathBuf,
}

/// Services and messages that a request names with `proto` and `import_paths`.
pub(super) fn pool(request: &Fields<'_>, reader: &mut Reader) -> Option<DescriptorPool> {
    let Some(entry) = request.entry("proto") else {
        reader.problem_with_help(
            &request.at,
            "a gRPC call needs the file that describes its service",
            "write `proto: service.proto`, relative to the plan's file",
        );
        return None;
    };
    let files = paths(&entry.node, reader);
    let import_paths = request.get("import_paths").map(|node| paths(node, reader));
    if files.is_empty() {
        if matches!(&entry.node.value, Value::List(items) if items.is_empty()) {
            reader.problem(&entry.node.at, "`proto` names no file");
        }
        return None;
    }
    let named = Named {
        files,
        import_paths: import_paths.unwrap_or_default(),
        directory: reader.sources.beside(&entry.node.at, ""),
    };
    let known = &mut reader.protos.0;
    let place = known.iter().position(|(known, _)| *known == named).unwrap_or_else(|| {
        let compiled = compile(&named);
        known.push((named, compiled));
        known.len() - 1
    });
    match known[place].1.clone() {
        Ok(pool) => Some(pool),
        Err(message) => {
            reader.problem(&entry.node.at, message);
            None
        }
    }
}

/// The method called `name` of `service`.
pub(super) fn method(
    pool: &DescriptorPool,
    (service, name): (&str, &str),
    node: &Node,
    reader: &mut Reader,
) -> Option<MethodDescriptor> {
    let Some(found) = pool.get_service_by_name(service) else {
        let names: Vec<_> = pool.services().map(|known| known.full_name().to_owned()).collect();
        // Who leaves out the package is told the whole name.
        let ending = format!(".{service}");
        let whole: Vec<_> = names.iter().filter(|known| known.ends_with(&ending)).collect();
        if let [whole] = whole[..] {
            let text = format!("unknown service `{service}`, did you mean `{whole}`?");
            reader.problem(&node.at, text);
        } else {
            reader.unknown(&node.at, "service", service, names.iter().map(String::as_str));
        }
        return None;
    };
    let method = found.methods().find(|method| method.name() == name);
    if method.is_none() {
        let names: Vec<_> = found.methods().map(|known| known.name().to_owned()).collect();
        let text = format!("unknown method `{name}` of `{service}`");
        reader.none_of(&node.at, text, name, names.iter().map(String::as_str));
    }
    method
}

fn paths(node: &Node, reader: &mut Reader) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for item in node.one_or_many() {
        if let Some(name) = reader.text(item, "a file name") {
            reader.beside(&item.at, name);
            paths.push(PathBuf::from(name));
        }
    }
    paths
}

/// Files are looked for in the import paths, where there are some; else in their own directories,
/// and at last in the plan's.
fn compile(named: &Named) -> Result<DescriptorPool, String> {
    let Named { files, import_paths, directory } = named;
    let mut includes: Vec<PathBuf> = import_paths.iter().map(|path| directory.join(path)).collect();
    if let Some(missing) = includes.iter().find(|path| !path.is_dir()) {
        return Err(format!("the import path `{}` is no directory", missing.display()));
    }
    if includes.is_empty() {
        let parents =
            files.iter().filter_map(|file| Some(directory.join(file).parent()?.to_owned()));
        includes.extend(parents);
    }
    includes.push(directory.clone());
    let found: Vec<PathBuf> =
        files.iter().map(|file| find(file, &includes)).collect::<Result<_, _>>()?;
    let mut compiler = protox::Compiler::new(&includes).map_err(|error| format!("{error:?}"))?;
    for file in &found {
        // Its `Debug` form has file, line and column.
        compiler.open_file(file).map_err(|error| format!("{error:?}"))?;
    }
    Ok(compiler.descriptor_pool())
}

fn find(file: &Path, includes: &[PathBuf]) -> Result<PathBuf, String> {
    let mut places = includes.iter().map(|include| include.join(file));
    let path = places.find(|path| path.is_file());
    let path = path.ok_or_else(|| format!("`{}` was not found", file.display()))?;
    let length = std::fs::metadata(&path).map(|metadata| metadata.len());
    match length {
        Ok(length) if length > MAX_FILE => {
            Err(format!("`{}` is larger than {} MiB", path.display(), MAX_FILE >> 20))
        }
        Ok(_) => Ok(path),
        Err(error) => Err(format!("reading `{}`: {error}", path.display())),
    }
}

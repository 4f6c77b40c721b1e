//! Finding the programs of a folder.

use std::path::{Path, PathBuf};

/// The programs below a directory, sorted. Hidden directories and those of build results are left out.
///
/// # Errors
/// A directory that cannot be read.
pub fn below(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            // Links are not followed into directories, so the search ends.
            if entry.file_type()?.is_dir() {
                if !name.to_string_lossy().starts_with('.') && name != "target" {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "ruff") {
                programs.push(path.strip_prefix("./").map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    programs.sort();
    Ok(programs)
}

//! What an editor asks, at every place of the corpus.

use std::path::Path;

use fwc::editor::{Declared, Draft};
use fwc::load::Loaded;
use fwc::project::Project;
use fwc::source::{FileId, SourceFile};

#[test]
fn every_question_has_an_answer_at_every_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut asked = 0;
    for folder in ["parse/ok", "parse/err", "resolve"] {
        let Ok(files) = std::fs::read_dir(root.join(folder)) else { continue };
        for file in files {
            let path = file.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if path.extension().is_none_or(|it| it != "fw") || text.len() > 4_000 {
                continue;
            }
            let draft = draft(&text);
            draft.symbols(FileId(0));
            // Also inside characters: an editor may be wrong.
            for offset in (0..text.len() as u32 + 2).step_by(3) {
                draft.hover(FileId(0), offset);
                draft.definition(FileId(0), offset);
                draft.references(FileId(0), offset, Declared::Included);
                draft.completions(FileId(0), offset);
                asked += 1;
            }
        }
    }
    assert!(asked > 1_000, "the corpus was not found");
}

fn draft(text: &str) -> Draft {
    let mut loaded = Loaded::default();
    loaded.sources.add(SourceFile::new("policy.fw", text));
    let project = Project::without_file();
    let resolved = fwc::analyse(&loaded.sources, &project);
    Draft::new(loaded, project, resolved.policy, "2026-11-24".parse().unwrap())
}
